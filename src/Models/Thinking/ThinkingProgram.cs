using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>KV tables and kept rows of one sequence; the host ledger stands behind it.</summary>
public interface ISequenceMemory
{
    KvTable CreateTable();

    Rows CreateRows();

    /// <summary>Forgets kept rows below an index.</summary>
    void Release(Rows rows, int below = int.MaxValue);

    /// <summary>Forgets a table's positions from <paramref name="length"/> on.</summary>
    void Truncate(KvTable table, int length);
}

/// <summary>Turns ids into text as they come, never splitting a code point.</summary>
public interface IDetokenizer
{
    /// <summary>The text that became certain with this id; may be empty.</summary>
    string Append(int id);

    /// <summary>What is still held back at the end.</summary>
    string Flush();
}

/// <summary>Takes the tokens of a sequence as they are accepted.</summary>
public interface ITokenSink
{
    /// <param name="layer">Layers the row had passed when the token was read from it.</param>
    /// <param name="text">Given where the method splits text itself (TPO); otherwise the sink detokenises.</param>
    /// <param name="peeks">What other heads make of the same row, where the request asks for it.</param>
    void Emit(TokenChannel channel, int layer, int token, in HeadResult result, string? text = null, IReadOnlyList<LayerPeek>? peeks = null);

    /// <summary>What another head makes of the row a token was read from that was emitted before.</summary>
    /// <param name="index">Of the token within its channel, from 0.</param>
    void Peek(TokenChannel channel, int index, LayerPeek peek);

    /// <summary>More text of a token that was emitted already, on this channel; no token of its own.</summary>
    void EmitText(TokenChannel channel, int layer, string text);

    /// <summary>The prompt's tokens from the second on, scored, in order. Once a generation that asks for it, also where there is no second.</summary>
    void PromptScored(IReadOnlyList<HeadResult> scores);

    /// <summary>Everything sent on the channel so far is void (a re-spoken answer, a resampled thought).</summary>
    void Restart(TokenChannel channel);
}

/// <summary>What a program needs to know of its model.</summary>
public sealed record ProgramContext(
    DecoderSpec Spec,
    ThinkingBlock Thinking,
    IReadOnlySet<int> EndOfSequence,
    ISequenceMemory Memory,
    Func<IDetokenizer> CreateDetokenizer)
{
    public ModelAdapters Adapters { get; init; } = ModelAdapters.None;
}

/// <summary>A table whose KV is that of these tokens in order, as far as it is filled.</summary>
/// <param name="Scope">What else the KV depends on; tables of different scopes share nothing.</param>
public sealed record KvPrefix(KvTable Table, IReadOnlyList<int> Tokens, string Scope = "");

/// <summary>A command to a running sequence, applied between steps.</summary>
public abstract record ProgramCommand
{
    /// <summary>End the thought here and answer.</summary>
    public sealed record AnswerNow : ProgramCommand;

    /// <summary>Take this thought instead and speak (again); the prompt's KV is reused.</summary>
    /// <param name="MaxTokens">Bound on the new answer, where the context leaves less room behind the thought than the request asks for.</param>
    public sealed record ReplaceThought(IReadOnlyList<int> Thought, int MaxTokens = int.MaxValue) : ProgramCommand;
}

/// <summary>
/// One thinking method as a state machine per sequence. <see cref="Plan"/> is pure; state and KV lengths move only in
/// Accept, so a step that failed or was never run leaves nothing behind.
/// </summary>
public abstract class ThinkingProgram(GenerationRequest request, ProgramContext context)
{
    private Dictionary<int, float>? _withoutEnd;

    protected GenerationRequest Request { get; } = request;

    /// <summary>What was drawn so far, for the penalties; a program adds each token it keeps.</summary>
    protected TokenCounts Counts { get; } = new(request);

    /// <summary>What the answer's head makes of the prompt, where the request asks for it.</summary>
    protected PromptScores Scores { get; } = new(request, context.Thinking.BaseVocabularySize);

    /// <summary>Where the answer stands in what it must look like; null where it may be anything.</summary>
    protected AnswerGuide? Guide { get; init; } = request.Constraint is { } constraint ? new AnswerGuide(constraint) : null;

    /// <summary>Whether the next token is one the guide speaks of, where thought and answer are drawn alike.</summary>
    protected virtual bool IsGuided => true;

    /// <summary>Whether the newest token is the answer's, where thoughts are part of the text.</summary>
    protected virtual bool IsAnswering => true;

    protected ProgramContext Context { get; } = context;

    protected DecoderSpec Spec => Context.Spec;

    /// <summary>The adapter of every row that asks for no other.</summary>
    public int Adapter => Context.Adapters.Causal;

    /// <summary>Set once the sequence is complete.</summary>
    public FinishReason? Finish { get; protected set; }

    public ThoughtClosedBy? ThoughtClosedBy { get; protected set; }

    /// <summary>Rows to run before the next token can be sampled: 1 while decoding, the prompt before that.</summary>
    public abstract int PendingRows { get; }

    /// <summary>Positions a table holds once those rows have run.</summary>
    public abstract int PendingPositions { get; }

    /// <summary>
    /// Rows it can run besides, in the same step: nothing waits for them yet, but they must run one day. Served like a
    /// prompt, from what a step has left; memory that lacks for them is nobody's loss.
    /// </summary>
    public virtual int SpareRows => 0;

    /// <summary>Leading positions whose KV it may take from others: a row that is yet to be scored it runs itself.</summary>
    public int MostShared => Scores.Missing ? Scores.Known : int.MaxValue;

    /// <summary>The KV other sequences may share, if it depends on nothing but its scope and the tokens before it.</summary>
    public virtual KvPrefix? Prefix => null;

    /// <summary>Tokens generated so far, as the request's bounds count them.</summary>
    protected abstract int Generated { get; }

    /// <summary>The most positions a table of this sequence will ever hold.</summary>
    public virtual int MaxPositions => checked(Request.Prompt.Count + Request.MaxTokens);

    /// <summary>Hidden states it keeps at once, at most, beside those of <see cref="ScoredRows"/>.</summary>
    public virtual int MaxKeptRows => 1;

    /// <summary>Rows of its prompt that a step keeps for their scores, at most.</summary>
    public int ScoredRows => Math.Min(Scores.Wanted, PromptScores.RowsPerStep);

    /// <summary>KV tables it holds at once, at most.</summary>
    public virtual int Tables => 1;

    /// <summary>Describes the ops of the next step; <paramref name="rowBudget"/> (at least 1) bounds its rows unless the method needs more at once.</summary>
    public abstract void Plan(SequencePlan plan, int rowBudget);

    /// <summary>Describes at most <paramref name="rowBudget"/> of the <see cref="SpareRows"/>, beside what <see cref="Plan"/> described.</summary>
    public virtual void PlanSpare(SequencePlan plan, int rowBudget)
    {
    }

    /// <summary>Commits a step that ran: lengths first, then the method's own state. <paramref name="heads"/> are this sequence's, in plan order.</summary>
    public void Accept(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        foreach (var op in plan.Ops)
        {
            if (op is RowGroup group) group.Kv.Commit(group.Range, group.Start + group.Count);
        }

        heads = Scores.Take(plan, heads, Context.Memory, sink);
        if (Request.MaxTokens == 0 && !Scores.Missing)
        {
            Finish = FinishReason.Length;
            return;
        }

        OnAccepted(plan, heads, sink);
        if (Request.WholeText && Finish == FinishReason.Stop && heads.Length > 0 && Ends(heads[^1].Token))
            sink.Emit(TokenChannel.Answer, Depth, heads[^1].Token, heads[^1], text: "");
    }

    /// <summary>Whether the command made sense in this state; if not, nothing changed.</summary>
    public virtual bool Command(ProgramCommand command, ITokenSink sink) => false;

    /// <summary>The table of <see cref="Prefix"/>, empty before, was given KV of its first tokens.</summary>
    public virtual void Attached()
    {
    }

    /// <summary>KV and kept rows are gone: the next plans rebuild them. Draws are named by index, so the tokens stay the same.</summary>
    public virtual void Evicted()
    {
    }

    /// <summary>Moves the method's state on by the tokens that were sampled, if any.</summary>
    protected abstract void OnAccepted(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink);

    /// <summary>Layers that an answer's row has passed.</summary>
    protected virtual int Depth => Spec.Layers.Count;

    /// <summary>Whether a token drawn ends what is said and is not part of it.</summary>
    protected virtual bool Ends(int token) => EndsSequence(token);

    /// <summary>
    /// Runs the next rows of a prompt that is to be scored through all layers, and asks their head; false once all are scored.
    /// The prompt's last row is left: what follows it is not given.
    /// </summary>
    /// <param name="rows">For rows that nothing else needs after this step.</param>
    protected bool PlanScores(SequencePlan plan, KvTable kv, Rows rows, int head, int rowBudget)
    {
        if (!Scores.Missing) return false;
        var start = kv.Length(Spec.AllLayers);
        var count = Math.Min(Math.Min(rowBudget, PromptScores.RowsPerStep), Scores.Wanted - start);
        var known = Math.Clamp(Scores.Known - start, 0, count); // run again after an eviction, for their KV alone
        var tokens = new TokenRows(Request.Prompt.Skip(start).Take(count).ToArray());
        plan.Run(RowKind.Prefill, kv, Spec.AllLayers, start, tokens, known < count ? new Keep(rows, 0, known, count - known) : null);
        Scores.Ask(plan, head, rows, 0, count - known);
        return true;
    }

    /// <summary>The draw named (seed, choice and channel, index): cutting a thought never moves an answer's draws.</summary>
    protected SampleSpec Draw(TokenChannel channel, int index)
    {
        var options = channel == TokenChannel.Thought ? Request.Thinking : Request.Answering;
        return new SampleSpec
        {
            Temperature = options.Temperature,
            TopK = options.TopK,
            TopP = options.TopP,
            MinP = options.MinP,
            Bias = channel == TokenChannel.Answer && IsGuided && Generated < Request.MinTokens ? _withoutEnd ??= WithoutEnd(options.Bias) : options.Bias,
            Penalties = Counts.Penalties(channel),
            Allowed = channel == TokenChannel.Answer && IsGuided ? Guide?.Allowed : null,
            TopLogprobs = options.TopLogprobs,
            Seed = Request.Seed,
            Stream = checked((uint)Request.Choice * 2 + (uint)channel),
            Index = (uint)index,
        };
    }

    /// <summary>A token of the answer was kept. Ends the sequence where the answer must not go on.</summary>
    protected void Answered(int token)
    {
        Counts.Add(TokenChannel.Answer, token);
        Guide?.Accept(token);
        if (Guide is { IsFinal: true }) Finish = FinishReason.Stop;
    }

    /// <summary>Whether the model is done, whatever the request makes of that.</summary>
    protected bool IsEndOfSequence(int token) => Context.EndOfSequence.Contains(token);

    /// <summary>Whether the answer ends here.</summary>
    protected bool EndsSequence(int token) => (IsAnswering && Request.StopTokens.Contains(token)) || (!Request.IgnoreEndOfSequence && IsEndOfSequence(token));

    /// <summary>All tokens that can end an answer.</summary>
    protected virtual IEnumerable<int> EndTokens => Request.StopTokens.Concat(Context.EndOfSequence);

    private Dictionary<int, float> WithoutEnd(IReadOnlyDictionary<int, float>? bias)
    {
        var result = bias is null ? [] : new Dictionary<int, float>(bias);
        foreach (var token in EndTokens.Where(token => token < Spec.VocabularySize)) result[token] = float.NegativeInfinity;
        return result;
    }
}
