using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Socratic.Training.Data;

/// <summary>SHA-256 over ids and labels: what a checkpoint remembers of the data it was trained on.</summary>
internal static class TokenFingerprint
{
    /// <summary>The hash of rows in their order, as lower-case hexadecimal digits.</summary>
    public static string Of(IEnumerable<TokenRow> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in rows)
        {
            var bytes = new byte[4 * (1 + row.Ids.Count + row.Labels.Count)];
            var at = 0;
            foreach (var value in row.Ids.Prepend(row.Ids.Count).Concat(row.Labels))
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
                at += 4;
            }
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The hash of a choice of rows of a dataset with a hash of its own.</summary>
    public static string OfSubset(string source, IReadOnlyList<int> rows)
        => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{source}:{string.Join(',', rows)}")));
}
