using System.Text;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>
/// Cuts where the script changes, taking Hiragana and Katakana as Han and letting spaces and unassigned
/// characters go with what precedes them.
/// As in Hugging Face's implementation, spaces before the first other character belong to no piece.
/// </summary>
internal sealed class UnicodeScriptsPreTokenizer : PreTokenizer
{
    private const int AnyScript = -1;
    private static readonly int Han = IndexOf("Han"), Hiragana = IndexOf("Hiragana"), Katakana = IndexOf("Katakana");

    public override PieceList Apply(PieceList input)
    {
        var output = new PieceList(input.Text);
        foreach (var piece in input.Pieces)
        {
            int? last = null;
            int start = -1, position = 0;
            foreach (var rune in input[piece].EnumerateRunes())
            {
                var script = ScriptOf(rune);
                if (script != AnyScript && last != script)
                {
                    if (start >= 0)
                        output.Add(piece.Start + start, position - start, piece.AtOrigin && start == 0);
                    start = position;
                }

                if (script != AnyScript)
                    last = script;
                position += rune.Utf16SequenceLength;
            }

            if (start >= 0)
                output.Add(piece.Start + start, position - start, piece.AtOrigin && start == 0);
        }

        return output;
    }

    private static int ScriptOf(Rune rune)
    {
        if (rune.Value == ' ')
            return AnyScript;
        var script = UnicodeTables.ScriptOf(rune.Value);
        return rune.Value == 0x30FC || script == Hiragana || script == Katakana ? Han : script == 0 ? AnyScript : script;
    }

    private static int IndexOf(string name) => Array.IndexOf(UnicodeTables.ScriptNames, name) + 1;
}
