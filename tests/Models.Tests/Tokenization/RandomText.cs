using System.Text;

namespace InferenceServer.Models.Tests.Tokenization;

/// <summary>Random Unicode: ASCII, white space, any plane.</summary>
internal static class RandomText
{
    public static string Next(Random random, int maxCodePoints)
    {
        var text = new StringBuilder();
        for (var left = random.Next(1, maxCodePoints + 1); left > 0;)
        {
            var codePoint = random.Next(6) switch
            {
                0 => random.Next(0x20, 0x7F),
                1 => " \n\t\r\u00A0\u3000"[random.Next(6)],
                2 => random.Next(0x80, 0x3000),
                3 => random.Next(0x3000, 0x10000),
                4 => random.Next(0x1D400, 0x1FB00),
                _ => random.Next(0x10000, 0x110000),
            };
            if (!Rune.TryCreate(codePoint, out var rune))
                continue;
            text.Append(rune.ToString());
            left--;
        }

        return text.ToString();
    }
}
