using System.Text.Json;

namespace Socratic.Training.Data.Reading;

/// <summary>Reads messages and checks that they make a conversation.</summary>
internal sealed class MessageParser(RowContext context)
{
    /// <summary>The role that a name in a file stands for; null if it stands for none.</summary>
    public static string? MapRole(string name) => name switch
    {
        "user" or "human" => ChatMessage.UserRole,
        "assistant" or "model" or "gpt" or "bot" => ChatMessage.AssistantRole,
        "system" => ChatMessage.SystemRole,
        _ => null,
    };

    /// <summary>A conversation below one key.</summary>
    public IReadOnlyList<ChatMessage>? Parse(JsonElement list, string key, string roleKey, string contentKey, string? leadingSystem = null)
    {
        var messages = ParseList(list, key, roleKey, contentKey);
        if (messages is null) return null;
        if (!CheckOrder(messages, i => $"{key}[{i}].{roleKey}", leadingSystem is not null)) return null;
        return leadingSystem is null ? messages : [ChatMessage.System(leadingSystem), .. messages];
    }

    /// <summary>A conversation of a prompt and its completion, each a list of messages.</summary>
    public IReadOnlyList<ChatMessage>? ParsePromptCompletion(JsonElement prompt, JsonElement completion)
    {
        var asked = ParseList(prompt, "prompt", "role", "content");
        var answered = ParseList(completion, "completion", "role", "content");
        if (asked is null || answered is null) return null;
        IReadOnlyList<ChatMessage> all = [.. asked, .. answered];
        return CheckOrder(all, i => i < asked.Count ? $"prompt[{i}].role" : $"completion[{i - asked.Count}].role", false) ? all : null;
    }

    /// <summary>An Alpaca row: instruction, input, output; also history and system.</summary>
    public IReadOnlyList<ChatMessage>? ParseAlpaca(JsonElement root)
    {
        var messages = new List<ChatMessage>();
        if (Optional(root, "system") is { Length: > 0 } system) messages.Add(ChatMessage.System(system));
        if (root.TryGetProperty("history", out var history) && history.ValueKind != JsonValueKind.Null && !AddHistory(history, messages)) return null;
        if (context.Text(root, "instruction", "instruction") is not { } instruction || context.Text(root, "output", "output") is not { } output) return null;
        var question = Optional(root, "input") is { Length: > 0 } input ? $"{instruction}\n{input}" : instruction;
        if (!context.NotBlank(question, "instruction") | !context.NotBlank(output, "output")) return null;
        messages.Add(ChatMessage.User(question));
        messages.Add(ChatMessage.Assistant(output));
        return messages;
    }

    private string? Optional(JsonElement root, string key)
        => root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? context.Text(root, key, key) : null;

    private bool AddHistory(JsonElement history, List<ChatMessage> messages)
    {
        if (history.ValueKind != JsonValueKind.Array || history.EnumerateArray().Any(pair => pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2))
        {
            context.Add("history", "wrong_type", "must be a list of pairs of a question and its answer.");
            return false;
        }
        foreach (var pair in history.EnumerateArray())
        {
            if (context.Text(pair[0], "history") is not { } question || context.Text(pair[1], "history") is not { } answer) return false;
            messages.Add(ChatMessage.User(question));
            messages.Add(ChatMessage.Assistant(answer));
        }
        return true;
    }

    private List<ChatMessage>? ParseList(JsonElement list, string key, string roleKey, string contentKey)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            context.Add(key, "wrong_type", $"must be a list of messages, but is {RowContext.Name(list)}.");
            return null;
        }
        if (list.GetArrayLength() == 0)
        {
            context.Add(key, "empty_conversation", "holds no messages.");
            return null;
        }
        var messages = new List<ChatMessage>();
        var index = 0;
        foreach (var entry in list.EnumerateArray())
            if (ParseMessage(entry, $"{key}[{index++}]", roleKey, contentKey) is { } message) messages.Add(message);
        return messages.Count == index ? messages : null;
    }

    private ChatMessage? ParseMessage(JsonElement entry, string path, string roleKey, string contentKey)
    {
        if (entry.ValueKind != JsonValueKind.Object)
        {
            context.Add(path, "wrong_type", $"a message must be an object, but is {RowContext.Name(entry)}.");
            return null;
        }
        context.CheckDuplicates(entry, path);
        var name = context.Text(entry, roleKey, $"{path}.{roleKey}");
        var content = context.Text(entry, contentKey, $"{path}.{contentKey}");
        var role = name is null ? null : MapRole(name);
        if (name is not null && role is null) context.Add($"{path}.{roleKey}", "unknown_role", $"the role '{name}' is unknown; known are user, human, assistant, model, gpt, bot, system.");
        var filled = content is not null && context.NotBlank(content, $"{path}.{contentKey}");
        var train = true;
        if (entry.TryGetProperty("train", out var flag))
        {
            if (flag.ValueKind is JsonValueKind.True or JsonValueKind.False) train = flag.GetBoolean();
            else context.Add($"{path}.train", "wrong_type", $"must be true or false, but is {RowContext.Name(flag)}.");
        }
        return role is null || !filled ? null : new ChatMessage(role, content!) { Train = train };
    }

    /// <summary>At most one system message, first; then user and assistant in turn, the assistant last.</summary>
    private bool CheckOrder(IReadOnlyList<ChatMessage> messages, Func<int, string> field, bool systemGiven)
    {
        var start = !systemGiven && messages[0].Role == ChatMessage.SystemRole ? 1 : 0;
        for (var i = start; i < messages.Count; i++)
        {
            var expected = (i - start) % 2 == 0 ? ChatMessage.UserRole : ChatMessage.AssistantRole;
            if (messages[i].Role == expected) continue;
            var place = i == 0 ? "the conversation starts with" : $"after '{messages[i - 1].Role}' comes";
            context.Add(field(i), "role_order", $"{place} '{messages[i].Role}', but user and assistant must take turns, the user first (a system message only at the very start).");
            return false;
        }
        if (messages[^1].Role == ChatMessage.AssistantRole) return true;
        context.Add(field(messages.Count - 1), "role_order", $"the last message is '{messages[^1].Role}', but the assistant must have the last word: there is nothing to learn after it.");
        return false;
    }
}
