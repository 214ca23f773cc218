using System.Globalization;
using System.Text;

namespace InferenceServer.Samples.Compare;

/// <summary>A text table with a column per variant, texts wrapped to its width.</summary>
internal sealed class SideBySide
{
    private const int Width = 38;

    private readonly List<string[]> _columns = [];

    public void Add(string name, Outcome outcome) => _columns.Add(
    [
        name,
        outcome.Thought is null ? "(no thought)" : $"thought: {outcome.Thought}",
        $"answer: {outcome.Answer}",
        string.Create(CultureInfo.InvariantCulture, $"{outcome.ThoughtTokens} + {outcome.AnswerTokens} tokens, {outcome.Time.TotalMilliseconds:F0} ms"),
    ]);

    public override string ToString()
    {
        var text = new StringBuilder();
        for (var row = 0; row < _columns[0].Length; row++)
        {
            var cells = _columns.ConvertAll(column => Wrap(column[row]));
            for (var line = 0; line < cells.Max(cell => cell.Count); line++)
                text.AppendJoin(" | ", cells.Select(cell => (line < cell.Count ? cell[line] : "").PadRight(Width))).AppendLine();
            if (row == 0) text.AppendJoin("-+-", cells.Select(_ => new string('-', Width))).AppendLine();
        }

        return text.ToString();
    }

    private static List<string> Wrap(string text)
    {
        var lines = new List<string>();
        foreach (var paragraph in text.Split('\n'))
        {
            var rest = paragraph.TrimEnd();
            while (rest.Length > Width)
            {
                var space = rest.LastIndexOf(' ', Width);
                var end = space > Width / 2 ? space : Width;
                lines.Add(rest[..end]);
                rest = rest[end..].TrimStart();
            }

            lines.Add(rest);
        }

        return lines;
    }
}
