namespace Socratic.Training.Lora;
internal static class Placeholder;
