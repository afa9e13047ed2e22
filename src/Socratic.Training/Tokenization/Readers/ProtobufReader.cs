using System.Buffers.Binary;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Walks the fields of one protobuf message: just enough for sentencepiece models, so that a hostile file meets little code.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, int offset, string file)
{
    private readonly ReadOnlySpan<byte> message = message;
    private int at;

    /// <summary>The number of the field just read.</summary>
    public int Field { get; private set; }

    /// <summary>The value of a varint field, or the bits of a fixed one.</summary>
    public ulong Number { get; private set; }

    /// <summary>The content of a field with a length; empty for others.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Where <see cref="Bytes"/> lies in the file.</summary>
    public int BytesOffset { get; private set; }

    /// <summary>The field's content as a message.</summary>
    public readonly ProtobufReader Message => new(Bytes, BytesOffset, file);

    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)Number);

    /// <summary>Goes to the next field; false at the message's end.</summary>
    public bool Read()
    {
        if (at == message.Length) return false;
        var key = Varint();
        if (key >> 3 is 0 or > int.MaxValue) throw Broken("a field number out of range");
        Field = (int)(key >> 3);
        Number = 0;
        Bytes = default;
        switch (key & 7)
        {
            case 0: Number = Varint(); break;
            case 1: Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case 2:
                var length = Varint();
                BytesOffset = offset + at;
                Bytes = Take(length);
                break;
            case 5: Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            default: throw Broken("an unknown wire type");
        }
        return true;
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at == message.Length) throw Broken("a number that is cut off");
            var b = message[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw Broken("a number of more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(message.Length - at)) throw Broken("a field that goes past the end");
        var bytes = message.Slice(at, (int)length);
        at += (int)length;
        return bytes;
    }

    private readonly InvalidDataException Broken(string what) => new($"{file}: not a sentencepiece model: {what} at byte {offset + at}.");
}
