namespace InferenceServer.Models.Decoding;

/// <summary>
/// What tokens of the text so far cost. Repetition first, as vLLM and the CTRL paper (arXiv 1909.05858) have it: a positive
/// logit is divided by it, a negative one multiplied. Then, as OpenAI has it, logit − count·frequency − presence.
/// </summary>
/// <param name="Seen">Ids the repetition penalty touches: those of the prompt and of both channels; each once.</param>
/// <param name="Counts">How often each id was generated on this channel.</param>
public sealed record TokenPenalties(
    float Repetition, float Frequency, float Presence, IReadOnlyCollection<int> Seen, IReadOnlyDictionary<int, int> Counts)
{
    /// <summary>Moves the logits ([vocabulary]); ids beyond them are passed over.</summary>
    public void Apply(Span<float> logits)
    {
        if (Repetition != 1)
        {
            foreach (var id in Seen)
            {
                if (id < logits.Length) logits[id] = logits[id] > 0 ? logits[id] / Repetition : logits[id] * Repetition;
            }
        }

        foreach (var (id, count) in Counts)
        {
            if (id < logits.Length) logits[id] -= (count * Frequency) + Presence;
        }
    }
}
