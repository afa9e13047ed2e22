namespace Socratic.Training;
internal static class Placeholder;
