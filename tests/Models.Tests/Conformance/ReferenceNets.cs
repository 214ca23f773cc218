using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>The nets beside the stack: Quiet-STaR's mixer, ICoT-KD's emulator and student nets.</summary>
internal sealed class ReferenceNets(DecoderSpec spec, ReferenceWeights weights, ReferenceRows rows)
{
    private const int StateRows = 4;

    /// <summary>The weight w of a thought row, both rows after the head's norm.</summary>
    public float Weigh(MixerSpec mixer, float[] normedBase, float[] normedThought)
    {
        float[] x = [.. normedBase, .. normedThought];
        for (var i = 0; i < mixer.Layers.Count; i++) x = weights.Apply(mixer.Layers[i], i == 0 ? x : Relu(x));
        return x.Length == 1 ? x[0] : throw new InvalidOperationException("The last layer of a mixer has one output.");
    }

    public void Run(SideNetCall call)
    {
        switch (spec.SideNets[call.Net])
        {
            case PerLayerMlpSpec net:
                rows[call.Out] = Mlp(net.Mlps[call.Index], rows[call.In]);
                break;
            case EmulatorSpec net:
                Emulate(net, call);
                break;
            default:
                throw new ArgumentException($"Side net {call.Net} is of an unknown kind.", nameof(call));
        }
    }

    private void Emulate(EmulatorSpec net, SideNetCall call)
    {
        var state = call.State ?? throw new ArgumentException("An emulator needs rows for its state.", nameof(call));
        float[] Earlier(int index, int part) => rows[new RowRef(state, (StateRows * index) + part)];
        var z = rows[call.In];
        var first = call.Index == 0;
        var zero = new float[z.Length];
        var (h, c, context) = first
            ? (zero, zero, zero)
            : (Earlier(call.Index - 1, 0), Earlier(call.Index - 1, 1), Earlier(call.Index - 1, 2));

        var f = Mlp(net.Mlps[call.Index], [.. z, .. Mixture(net, z)]);
        var input = (float[])f.Clone();
        ReferenceWeights.Add(input, context);
        (h, c) = Lstm(net, input, h, c);
        var key = weights.Apply(net.KeyProjection, h);
        if (!first)
        {
            var keys = Enumerable.Range(0, call.Index).Select(i => Earlier(i, 3)).ToArray();
            var query = weights.Apply(net.QueryProjection, h);
            var shares = ReferenceWeights.Softmax(Array.ConvertAll(keys, earlier => ReferenceWeights.Dot(earlier, query)));
            context = new float[z.Length];
            for (var i = 0; i < keys.Length; i++) ReferenceWeights.Add(context, keys[i], shares[i]);
        }

        float[][] after = [h, c, context, key];
        for (var part = 0; part < StateRows; part++) rows[new RowRef(state, (StateRows * call.Index) + part)] = after[part];
        rows[call.Out] = f;
        if (call.Replacement is { } replacement) rows[replacement] = weights.Apply(net.OutProjection, [.. h, .. context]);
    }

    private float[] Mixture(EmulatorSpec net, float[] z)
    {
        if (net.Mixture.Rows == 1) return weights.Row(net.Mixture, 0).ToArray();
        var shares = ReferenceWeights.Softmax(
            Array.ConvertAll(weights.Multiply(net.Mixture, z), score => (double)score / net.Temperature));
        var mixture = new float[z.Length];
        for (var i = 0; i < shares.Length; i++) ReferenceWeights.Add(mixture, weights.Row(net.Mixture, i), shares[i]);
        return mixture;
    }

    private (float[] H, float[] C) Lstm(EmulatorSpec net, float[] input, float[] h, float[] c)
    {
        var gates = weights.Apply(net.LstmInput, input);
        ReferenceWeights.Add(gates, weights.Apply(net.LstmHidden, h));
        var (nextH, nextC) = (new float[h.Length], new float[h.Length]);
        for (var i = 0; i < h.Length; i++)
        {
            var candidate = Math.Tanh(gates[(2 * h.Length) + i]);
            nextC[i] = (float)((Sigmoid(gates[h.Length + i]) * c[i]) + (Sigmoid(gates[i]) * candidate));
            nextH[i] = (float)(Sigmoid(gates[(3 * h.Length) + i]) * Math.Tanh(nextC[i]));
        }

        return (nextH, nextC);
    }

    private float[] Mlp((Linear In, Linear Out) mlp, float[] x) => weights.Apply(mlp.Out, Relu(weights.Apply(mlp.In, x)));

    private static float[] Relu(float[] x) => Array.ConvertAll(x, value => ReferenceActivation.Apply(Activation.Relu, value));

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
