using System.Globalization;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models;

/// <summary>From checkpoint folders to models that serve.</summary>
public static class ModelLoader
{
    private static readonly IDecoderSource[] EmbeddedEngine = [new CpuDecoderSource()];

    /// <summary>Loads one model, with an engine of its own.</summary>
    /// <inheritdoc cref="Load(IReadOnlyList{ModelSource}, ILogger, IProgress{LoadProgress}?, IReadOnlyList{IDecoderSource}?)"/>
    public static ServedModel Load(ModelOptions options, ILogger logger, IProgress<LoadProgress>? progress = null, IReadOnlyList<IDecoderSource>? engines = null) =>
        Load([ModelSource.Of(options)], logger, progress, engines).Models[0];

    /// <summary>Loads models that share a base, at most one of which is the base itself, into one engine.</summary>
    /// <param name="progress">How far the weights are packed.</param>
    /// <param name="engines">The engines of this build; null = the embedded one.</param>
    /// <exception cref="CheckpointException">A folder holds no model this version can serve; says what to do.</exception>
    /// <exception cref="InvalidDataException">A tokenizer cannot be read.</exception>
    /// <exception cref="DeviceException">The model's device cannot be used, or is too small.</exception>
    public static ModelGroup Load(
        IReadOnlyList<ModelSource> sources, ILogger logger, IProgress<LoadProgress>? progress = null, IReadOnlyList<IDecoderSource>? engines = null)
    {
        var files = new List<IDisposable>();
        OpenedDecoder? opened = null;
        try
        {
            // The tokenizers' files are often larger to read than the weights are to map.
            var texts = Task.Run(() => sources.Select(TextSide.Load).ToList());
            var variants = Build(sources, files, logger);
            var options = sources[0].Options;
            var spec = variants[^1].Spec;
            opened = EngineFor(options, engines ?? EmbeddedEngine).Open(spec, options, logger, progress);
            var sides = texts.GetAwaiter().GetResult();
            foreach (var side in sides) side.CheckVocabulary(spec.VocabularySize);
            var models = sources.Select((source, i) => Model(source, spec, variants[i], sides[i])).ToList();
            var engine = new InferenceEngine(opened.Decoder, models[0], options.Engine, logger);
            var group = new ModelGroup(engine, files);
            group.Models =
            [
                .. sources.Select((source, i) => new ServedModel(
                    source.Options.Name,
                    source.Adapter is null ? null : Path.GetFileName(source.Base),
                    models[i],
                    sides[i].Tokenizer,
                    sides[i].ChatTemplate,
                    sides[i].ToolTemplate,
                    group,
                    i == 0 ? $"{opened.Description}, KV for {KvTokens(models[i], engine)}" : $"that of {options.Name}")),
            ];
            return group;
        }
        catch
        {
            opened?.Decoder.Dispose();
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    private static IDecoderSource EngineFor(ModelOptions options, IReadOnlyList<IDecoderSource> engines) =>
        engines.FirstOrDefault(engine => engine.Runs(options.Device))
        ?? throw new DeviceException($"The model '{options.Name}' is to run on '{options.Device}', for which this build has no engine.");

    /// <summary>One model a source; the last one's spec has everything all of them need.</summary>
    private static List<BuiltModel> Build(IReadOnlyList<ModelSource> sources, List<IDisposable> files, ILogger logger)
    {
        var checkpoint = Checkpoint.Open(sources[0].Base);
        files.Add(checkpoint);
        var basis = sources[0].Adapter is null ? ModelBuilder.Build(checkpoint, sources[0].Options.Method) : ModelBuilder.BuildBase(checkpoint);
        foreach (var warning in checkpoint.Warnings) logger.LogWarning("{Path}: {Warning}", sources[0].Base, warning);
        var variants = new List<BuiltModel>();
        var spec = basis.Spec;
        foreach (var source in sources)
        {
            if (source.Adapter is null)
            {
                variants.Add(basis);
                continue;
            }

            var adapter = AdapterCheckpoint.Open(source.Adapter);
            files.Add(adapter);
            variants.Add(ModelBuilder.Adapt(spec, basis, checkpoint, adapter, source.Options.Method));
            spec = variants[^1].Spec;
        }

        return variants;
    }

    private static EngineModel Model(ModelSource source, DecoderSpec spec, BuiltModel built, TextSide side)
    {
        var tokenizer = side.Tokenizer;
        var thinking = built.Method.Source == MethodSource.Default ? ReasoningSigns.Find(tokenizer, side.ChatTemplate) ?? built.Method.Block : built.Method.Block;
        if (thinking is { Method: ThinkingMethod.QuietStar, BaseVocabularySize: 0 })
            thinking = thinking with { BaseVocabularySize = QuietStarParts.VocabularyLimit(tokenizer, spec.VocabularySize) };

        // Markers are told from text, so a marker that is a special token must become text.
        var shown = thinking.ThoughtMarkers.Concat(thinking.AnswerMarkers).Any(marker => tokenizer.TokenToId(marker) is { } id && tokenizer.IsSpecial(id));
        return new EngineModel(
            source.Options.Name, spec, thinking, built.EndOfTextIds.ToHashSet(), () => new Detokenizer(tokenizer.CreateDetokenizer(skipSpecialTokens: !shown)))
        {
            Adapters = built.Adapters,
        };
    }

    // Per layer range: a thought holds pages of the lower layers only until its sequence speaks.
    private static string KvTokens(EngineModel model, InferenceEngine engine)
    {
        var thinking = new LayerRange(0, model.Thinking.Method == ThinkingMethod.Tas ? model.Thinking.ThinkingLayer : model.Spec.Layers.Count);
        var all = string.Create(CultureInfo.InvariantCulture, $"{engine.KvCapacityTokens:N0} tokens");
        return thinking == model.Spec.AllLayers ? all : string.Create(CultureInfo.InvariantCulture, $"{all} in all layers, {engine.KvTokens(thinking):N0} in {thinking}");
    }

    private sealed class Detokenizer(StreamingDetokenizer detokenizer) : IDetokenizer
    {
        public string Append(int id) => detokenizer.Append(id);

        public string Flush() => detokenizer.Flush();
    }
}
