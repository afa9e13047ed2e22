namespace Socratic.Training;

/// <summary>Something wrong, or worth a look, in a data file.</summary>
/// <param name="File">The file's path.</param>
/// <param name="Line">The line, from 1; in a JSON array over many lines the line where the row begins.</param>
/// <param name="Row">The row, from 0.</param>
/// <param name="Field">The field, such as <c>messages[1].content</c>; <c>$</c> for the row itself; null where the row cannot be read at all.</param>
/// <param name="Code">What kind of problem: <c>bad_json</c>, <c>bad_utf8</c>, <c>bad_unicode</c>, <c>wrong_type</c>, <c>missing_key</c>, <c>duplicate_key</c>,
/// <c>empty_conversation</c>, <c>unknown_role</c>, <c>role_order</c>, <c>empty_content</c>, <c>wrong_length</c>, <c>preference</c>, <c>template</c>, <c>too_long</c>, <c>markers</c>.</param>
/// <param name="Message">What was found, and what is needed.</param>
public sealed record DataProblem(string File, int Line, int Row, string? Field, string Code, string Message)
{
    /// <summary>File, line, field and message.</summary>
    public override string ToString() => Field is null or "$" ? $"{File}:{Line}: {Message}" : $"{File}:{Line}: {Field}: {Message}";
}
