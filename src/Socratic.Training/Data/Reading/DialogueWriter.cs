using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Socratic.Training.Data.Reading;

/// <summary>Writes dialogues as a JSON array, a row a line.</summary>
internal static class DialogueWriter
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, IEnumerable<Dialogue> dialogues, string assistantRole)
    {
        var temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            var first = true;
            foreach (var dialogue in dialogues)
            {
                file.Write(first ? "[\n"u8 : ",\n"u8);
                first = false;
                file.Write(Row(dialogue, assistantRole).WrittenSpan);
            }
            file.Write(first ? "[]\n"u8 : "\n]\n"u8);
        }
        File.Move(temporary, path, overwrite: true);
    }

    private static ArrayBufferWriter<byte> Row(Dialogue dialogue, string assistantRole)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Plain);
        json.WriteStartObject();
        foreach (var (key, value) in dialogue.Extra)
        {
            json.WritePropertyName(key);
            value.WriteTo(json);
        }
        json.WriteStartArray("messages");
        foreach (var message in dialogue.Messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role == ChatMessage.AssistantRole ? assistantRole : message.Role);
            json.WriteString("content", message.Content);
            if (!message.Train) json.WriteBoolean("train", false);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return buffer;
    }
}
