using System.Globalization;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models;

/// <summary>From a checkpoint folder to a model that serves.</summary>
public static class ModelLoader
{
    // More KV than this many full contexts would only be memory nobody asked for.
    private const int MostContexts = 256;

    /// <param name="progress">Share of the weights that are packed, 0 to 1.</param>
    /// <exception cref="CheckpointException">The folder holds no model this version can serve; says what to do.</exception>
    /// <exception cref="InvalidDataException">The tokenizer cannot be read.</exception>
    public static ServedModel Load(ModelOptions options, ILogger logger, IProgress<double>? progress = null)
    {
        var checkpoint = Checkpoint.Open(options.Path);
        CpuDecoder? decoder = null;
        try
        {
            // The tokenizer's file is often larger to read than the weights are to map.
            var text = Task.Run(() => (Tokenizer.Load(options.Path), ChatTemplate.Load(options.Path)));
            var built = ModelBuilder.Build(checkpoint, options.Method);
            foreach (var warning in checkpoint.Warnings) logger.LogWarning("{Path}: {Warning}", options.Path, warning);
            var geometry = KvGeometry.For(built.Spec);
            var pages = PageCount(built.Spec, geometry, options.KvMemory);
            decoder = new CpuDecoder(built.Spec, pages, options.Cpu, progress, geometry.PageTokens);
            var (tokenizer, chatTemplate) = text.GetAwaiter().GetResult();
            CheckVocabulary(options.Path, tokenizer, built.Spec);
            var endOfText = built.EndOfTextIds.ToHashSet();
            var model = new EngineModel(
                options.Name, built.Spec, built.Method.Block, endOfText, () => new Detokenizer(tokenizer.CreateDetokenizer(skipSpecialTokens: true)));
            var engine = new InferenceEngine(decoder, model, options.Engine, logger);
            var description = $"{decoder.Description}, KV for {KvTokens(built, engine)}";
            return new ServedModel(options.Name, checkpoint, built.Spec, built.Method.Block, tokenizer, chatTemplate, endOfText, engine, description);
        }
        catch
        {
            decoder?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    // Per layer range: a thought holds pages of the lower layers only until its sequence speaks.
    private static string KvTokens(BuiltModel built, InferenceEngine engine)
    {
        var thinking = new LayerRange(0, built.Method.Method == ThinkingMethod.Tas ? built.Method.Block.ThinkingLayer : built.Spec.Layers.Count);
        var all = string.Create(CultureInfo.InvariantCulture, $"{engine.KvCapacityTokens:N0} tokens");
        return thinking == built.Spec.AllLayers ? all : string.Create(CultureInfo.InvariantCulture, $"{all} in all layers, {engine.KvTokens(thinking):N0} in {thinking}");
    }

    private static int PageCount(DecoderSpec spec, KvGeometry geometry, long? kvMemory)
    {
        var bytes = kvMemory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;
        var perPage = CpuDecoder.BytesPerPage(spec, geometry);
        var useful = (long)MostContexts * geometry.LayerGroups * geometry.PagesFor(spec.MaxPositions);
        var pages = Math.Min(Math.Min(bytes / perPage, useful), int.MaxValue);
        var fewest = geometry.LayerGroups * 2;
        if (pages < fewest)
            throw new InvalidOperationException($"KV memory of {bytes:N0} bytes is less than {fewest} pages of {perPage:N0} bytes; raise Engine:KvMemory.");
        return (int)pages;
    }

    private static void CheckVocabulary(string path, Tokenizer tokenizer, DecoderSpec spec)
    {
        if (tokenizer.VocabularySize > spec.VocabularySize)
            throw new InvalidDataException(
                $"{path}: tokenizer.json knows ids up to {tokenizer.VocabularySize - 1}, the model has {spec.VocabularySize} embeddings; the files are of different models.");
    }

    private sealed class Detokenizer(StreamingDetokenizer detokenizer) : IDetokenizer
    {
        public string Append(int id) => detokenizer.Append(id);

        public string Flush() => detokenizer.Flush();
    }
}
