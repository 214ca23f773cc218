using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Architectures;

/// <summary>Heads of an attention, as most configurations give them.</summary>
internal sealed record AttentionShape(int Heads, int KvHeads, int HeadDim)
{
    /// <summary>Outputs of the queries.</summary>
    public int QueryRows => checked(Heads * HeadDim);

    /// <summary>Outputs of the keys, and of the values.</summary>
    public int KvRows => checked(KvHeads * HeadDim);

    /// <param name="defaultKvHeads">Where <c>num_key_value_heads</c> is absent; null = as many as heads.</param>
    /// <param name="defaultHeadDim">Where <c>head_dim</c> is absent; null = hidden / heads.</param>
    public static AttentionShape Read(ConfigSection config, int hidden, int? defaultKvHeads = null, int? defaultHeadDim = null)
    {
        var heads = config.RequireInteger("num_attention_heads", 1, ModelLimits.Heads);
        var kvHeads = config.FindInteger("num_key_value_heads", 1, heads) ?? defaultKvHeads ?? heads;
        if (kvHeads > heads || heads % kvHeads != 0) throw config.Invalid("num_key_value_heads", $"a divisor of num_attention_heads ({heads})");
        var given = config.FindInteger("head_dim", 1, ModelLimits.HeadDim) ?? defaultHeadDim;
        if (given is null && hidden % heads != 0) throw config.Invalid("num_attention_heads", $"a divisor of hidden_size ({hidden}), or head_dim");
        return new AttentionShape(heads, kvHeads, given ?? hidden / heads);
    }
}
