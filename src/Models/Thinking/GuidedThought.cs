using System.Text;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// What a constrained answer may have before it where thought and answer are one text (TPO, think tags): a free thought up to
/// the marker of the answer, as <see cref="MarkerSplitter"/> will find it. The model cannot end before it has answered.
/// </summary>
internal static class GuidedThought
{
    /// <param name="start">Where in its text the model begins to write.</param>
    public static AnswerConstraint Before(AnswerConstraint answer, ThinkingBlock thinking, SplitStart start)
    {
        if (start == SplitStart.Answer) return answer;
        return answer.Behind((thinking, start), () => Prefixes(thinking, start));
    }

    private static Symbol[][] Prefixes(ThinkingBlock thinking, SplitStart start)
    {
        var thought = new UntilMarker([.. thinking.AnswerMarkers.Select(Encoding.UTF8.GetBytes)]);
        // With tags a text that does not begin with one is answer from its first word.
        if (start == SplitStart.Before && thinking is { ThoughtFirst: true, StartsInThought: false })
            return [[Literals.Gap, Literals.Markers(thinking.ThoughtMarkers), thought, Literals.Gap], []];
        return [[thought, Literals.Gap]];
    }
}
