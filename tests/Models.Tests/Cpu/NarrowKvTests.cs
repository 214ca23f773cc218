using System.Text.Json;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Architectures;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>What KV in bf16 and int8 keeps of a number, of a blend and of a trained model.</summary>
public unsafe class NarrowKvTests
{
    [Theory]
    [InlineData(KvFormat.F32)]
    [InlineData(KvFormat.BF16)]
    [InlineData(KvFormat.Q8)]
    public void A_key_and_a_value_come_back_as_near_as_the_format_can(KvFormat format)
    {
        foreach (var headDim in (int[])[5, 16, 40, 64])
        {
            var spec = TinyModels.Llama(new TinyShape { Hidden = 2 * headDim, Heads = 2, KvHeads = 1 });
            var geometry = KvGeometry.For(spec, 21);
            using var arena = new KvArena(spec, geometry, 2, format);
            var layout = arena.Layout[1];
            var tile = new float[headDim * 16];
            var rows = new float[21 * layout.ValueWidth];
            float[][] keys = [.. Enumerable.Range(0, 21).Select(i => CpuPaths.Random(headDim, i))];
            float[][] values = [.. Enumerable.Range(0, 21).Select(i => CpuPaths.Random(headDim, 100 + i))];
            Array.Clear(keys[3]);
            fixed (float* wideKeys = tile, wideValues = rows)
            {
                for (var token = 0; token < 21; token++)
                {
                    fixed (float* key = keys[token], value = values[token]) arena.Write(1, token, layout, 0, headDim, key, value);
                }

                Read(1, wideKeys, wideValues);
                for (var token = 16; token < 21; token++)
                {
                    AssertNear(format, keys[token], [.. Enumerable.Range(0, headDim).Select(d => tile[(d * 16) + token - 16])]);
                    AssertNear(format, values[token], rows.AsSpan(token * layout.ValueWidth, headDim).ToArray());
                    Assert.All(rows.AsSpan((token * layout.ValueWidth) + headDim, layout.ValueWidth - headDim).ToArray(), zero => Assert.Equal(0, zero));
                }

                Read(0, wideKeys, wideValues);
                Assert.All(Enumerable.Range(0, headDim), d => Assert.Equal(0, tile[(d * 16) + 3]));
            }

            void Read(int index, float* wideKeys, float* wideValues)
            {
                var from = arena.Keys(1, layout, 0) + (index * layout.TileBytes);
                if (format == KvFormat.F32)
                {
                    new Span<float>(from, tile.Length).CopyTo(tile);
                    new Span<float>(arena.Values(1, layout, 0), rows.Length).CopyTo(rows);
                    return;
                }

                KvWidening.Keys(format, from, headDim, wideKeys);
                KvWidening.Values(format, arena.Values(1, layout, 0), 0, 21, 21, layout.ValueWidth, wideValues);
            }
        }
    }

    [Theory]
    [InlineData(KvFormat.BF16, 0.01)]
    [InlineData(KvFormat.Q8, 0.03)]
    public void A_trained_model_goes_on_as_with_f32_KV(KvFormat format, double tolerance)
    {
        using var checkpoint = Checkpoint.Open(RealWeights.Path("stories260K/hf"));
        using var json = JsonDocument.Parse(File.ReadAllText(RealWeights.Path("stories260K/greedy200.json")));
        int[] ids = [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        var spec = ModelBuilder.Build(checkpoint).Spec;
        var (expected, found) = (Logprobs(KvFormat.F32), Logprobs(format));
        var differences = expected.Zip(found, (a, b) => Math.Abs(a - b)).ToArray();
        Assert.InRange(differences.Average(), 1e-7, tolerance);
        Assert.InRange(Math.Abs(expected.Average() - found.Average()), 0, tolerance / 3);

        double[] Logprobs(KvFormat kv)
        {
            using var decoder = new CpuDecoder(spec, 64, new CpuOptions { Threads = 1, Kv = kv });
            var harness = new DecoderHarness(decoder);
            return [.. harness.Logprobs(harness.Prompt(ids)).SkipLast(1).Select((row, i) => row[ids[i + 1]])];
        }
    }

    [Theory]
    [InlineData(KvFormat.BF16, 0.01)]
    [InlineData(KvFormat.Q8, 0.02)]
    public void A_blend_is_that_of_f32_KV_and_leaves_alone_what_has_no_weight(KvFormat format, double tolerance)
    {
        var spec = TinyModels.Llama();
        var geometry = KvGeometry.For(spec);
        using var exact = new KvArena(spec, geometry, 2, KvFormat.F32);
        using var arena = new KvArena(spec, geometry, 2, format);
        var headDim = spec.Layers[0].Attention.HeadDim;
        for (var page = 0; page < 2; page++)
        {
            for (var token = 0; token < 16; token++)
            {
                fixed (float* key = CpuPaths.Random(headDim, (page * 50) + token), value = CpuPaths.Random(headDim, 200 + (page * 50) + token))
                {
                    exact.Write(page, token, exact.Layout[0], 0, headDim, key, value);
                    arena.Write(page, token, arena.Layout[0], 0, headDim, key, value);
                }
            }
        }

        var values = Enumerable.Range(0, 16).Select(token => Value(arena, token)).ToArray();
        var blend = new BlendSpec([.. spec.Layers.Select(_ => 0.3f)], [.. spec.Layers.Select(_ => 0f)]);
        exact.Blend(spec, new LayerRange(0, 1), 0, 0, 1, 16, blend);
        arena.Blend(spec, new LayerRange(0, 1), 0, 0, 1, 16, blend);
        for (var token = 0; token < 16; token++)
        {
            Assert.Equal(values[token], Value(arena, token));
            Assert.All(Key(exact, token).Zip(Key(arena, token)), pair => Assert.Equal(pair.First, pair.Second, tolerance));
        }

        float[] Key(KvArena of, int token)
        {
            var key = new float[headDim];
            fixed (float* to = key) KvRows.ReadKey(of.Format, of.Keys(0, of.Layout[0], 0), token, headDim, to);
            return key;
        }

        float[] Value(KvArena of, int token)
        {
            var value = new float[headDim];
            fixed (float* to = value) KvRows.ReadValue(of.Format, of.Values(0, of.Layout[0], 0), token, 16, of.Layout[0].ValueWidth, headDim, to);
            return value;
        }
    }

    private static void AssertNear(KvFormat format, float[] expected, float[] found)
    {
        var largest = expected.Max(Math.Abs);
        for (var d = 0; d < expected.Length; d++)
        {
            var allowed = format switch
            {
                KvFormat.F32 => 0,
                KvFormat.BF16 => Math.Abs(expected[d]) / 256,
                _ => largest / 127 * 0.501f,
            };
            Assert.InRange(found[d], expected[d] - allowed, expected[d] + allowed);
        }
    }
}
