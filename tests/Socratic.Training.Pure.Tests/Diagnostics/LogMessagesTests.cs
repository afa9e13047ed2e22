using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Socratic.Training.Pure.Tests.Diagnostics;

public sealed class LogMessagesTests
{
    [Fact]
    public void Event_ids_are_unique_in_the_library()
    {
        var ids = typeof(TrainingOptions).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method.Name, Id: method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId ?? -1))
            .Where(message => message.Id > 0)
            .ToList();
        Assert.NotEmpty(ids);
        Assert.All(ids.GroupBy(message => message.Id), same => Assert.True(same.Count() == 1, $"{same.Key}: {string.Join(", ", same.Select(m => m.Name))}"));
    }
}
