using System.Buffers;
using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>
/// SentencePiece's byte tokens <c>&lt;0x00&gt;</c> … <c>&lt;0xFF&gt;</c>: a run of them is UTF-8, or, if any part of it is
/// not, one U+FFFD per token. A run that has been valid so far must wait for its end, since a later byte can spoil it.
/// </summary>
internal sealed class ByteFallbackDecoder : WholeTokenStage
{
    private readonly List<byte> _run = [];
    private int _validated; // bytes of the run that are complete code points
    private bool _spoiled; // the run is invalid and what came of it has been passed on

    public override void Complete()
    {
        EndRun();
        base.Complete();
    }

    protected override void OnToken(string token)
    {
        if (TryReadByte(token, out var value))
        {
            AddByte(value);
            return;
        }

        EndRun();
        Emit(token, endsToken: true);
    }

    /// <summary>The byte a token names, if it names one.</summary>
    public static bool TryReadByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' &&
            byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private void AddByte(byte value)
    {
        if (_spoiled)
        {
            Emit("\uFFFD", endsToken: true);
            return;
        }

        _run.Add(value);
        Span<byte> tail = stackalloc byte[4];
        var length = _run.Count - _validated;
        for (var i = 0; i < length; i++)
            tail[i] = _run[_validated + i];
        switch (Rune.DecodeFromUtf8(tail[..length], out _, out var consumed))
        {
            case OperationStatus.Done:
                _validated += consumed;
                break;
            case OperationStatus.InvalidData:
                Spoil();
                break;
        }
    }

    private void Spoil()
    {
        _spoiled = true;
        for (var i = 0; i < _run.Count; i++)
            Emit("\uFFFD", endsToken: true);
        _run.Clear();
    }

    private void EndRun()
    {
        if (_validated < _run.Count)
            Spoil();
        else if (_run.Count > 0)
            Emit(Encoding.UTF8.GetString([.. _run]), endsToken: true);
        _run.Clear();
        _validated = 0;
        _spoiled = false;
    }
}
