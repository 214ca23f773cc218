using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>One admitted generation: its program, its memory, and the way its tokens take to the client.</summary>
internal sealed class Sequence : IDisposable
{
    private readonly SequenceMemory _memory;

    public Sequence(Generation generation, EngineModel model, SequenceMemory memory)
    {
        Generation = generation;
        _memory = memory;
        Assembler = new TokenAssembler(generation.Request, model.CreateDetokenizer, generation.Publish);
        Program = Programs.Create(
            generation.Request,
            new ProgramContext(model.Spec, model.Thinking, model.EndOfSequence, memory, model.CreateDetokenizer));
    }

    public Generation Generation { get; }

    public ThinkingProgram Program { get; }

    public TokenAssembler Assembler { get; }

    /// <summary>Pages promised at admission.</summary>
    public long PromisedPages { get; set; }

    public bool IsDone => Program.Finish is not null || Assembler.StopString is not null;

    /// <summary>Tells the client that and why the generation ended.</summary>
    public void Finish(FinishReason reason)
    {
        Assembler.Complete();
        Generation.Publish(new GenerationEvent.Finished(reason, Assembler.Usage, Program.ThoughtClosedBy, Assembler.StopString));
        Generation.Complete();
    }

    public void Fail(string message)
    {
        Assembler.Complete();
        Generation.Publish(new GenerationEvent.Failed(message));
        Generation.Complete();
    }

    public void Dispose() => _memory.Dispose();
}
