using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// What a model makes of the prompt it was given: the row of each prompt token is asked for the token that follows it, which
/// is scored and not drawn. A row is scored once, also where its KV has to be made again.
/// </summary>
public sealed class PromptScores(GenerationRequest request, int vocabularyLimit)
{
    /// <summary>Rows scored in one step at most: each is kept until the head has read it.</summary>
    public const int RowsPerStep = 256;

    private readonly List<HeadResult> _results = [];
    private bool _told = request.PromptLogprobs is null;

    /// <summary>Leading rows of the prompt that are to be scored: all but the last, behind which the model goes on itself.</summary>
    public int Wanted => request.PromptLogprobs is null ? 0 : request.Prompt.Count - 1;

    /// <summary>Leading rows that have been scored.</summary>
    public int Known => _results.Count;

    public bool Missing => Known < Wanted;

    /// <summary>Asks a head for the tokens that follow the rows from <see cref="Known"/> on, kept as <paramref name="rows"/> from index <paramref name="at"/> on.</summary>
    public void Ask(SequencePlan plan, int head, Rows rows, int at, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var given = new SampleSpec { Given = request.Prompt[Known + i + 1], TopLogprobs = request.PromptLogprobs ?? 0, VocabularyLimit = vocabularyLimit };
            plan.Sample(head, new RowRef(rows, at + i), given);
        }
    }

    /// <summary>Takes what was asked for out of a step's heads, and tells all of it once it is complete.</summary>
    /// <returns>The heads that are left, those of tokens drawn.</returns>
    public ReadOnlySpan<HeadResult> Take(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ISequenceMemory memory, ITokenSink sink)
    {
        if (_told) return heads;
        var drawn = new List<HeadResult>();
        Rows? read = null;
        var next = 0;
        foreach (var call in plan.Ops.OfType<HeadCall>())
        {
            var result = heads[next++];
            if (call.Sample.Given is null)
            {
                drawn.Add(result);
                continue;
            }

            _results.Add(result);
            read = call.From.Rows;
        }

        if (read is { } rows) memory.Release(rows);
        if (!Missing)
        {
            _told = true;
            sink.PromptScored(_results);
        }

        return drawn.ToArray();
    }
}
