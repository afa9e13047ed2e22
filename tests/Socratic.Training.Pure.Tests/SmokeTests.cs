namespace Socratic.Training.Pure.Tests;
public sealed class SmokeTests { [Fact] public void Runs() { } }
