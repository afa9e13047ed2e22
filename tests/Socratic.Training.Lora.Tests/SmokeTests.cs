namespace Socratic.Training.Lora.Tests;
public sealed class SmokeTests { [Fact] public void Runs() { } }
