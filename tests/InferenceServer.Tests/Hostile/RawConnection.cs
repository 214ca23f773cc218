using System.Net.Sockets;
using System.Text;

namespace InferenceServer.Tests.Hostile;

/// <summary>A client that minds no rules: bytes out, bytes in.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <param name="receiveBuffer">Bytes the system takes for a client that does not read; 0 = as it likes.</param>
    public static async Task<RawConnection> OpenAsync(Uri address, int receiveBuffer = 0)
    {
        var connection = new RawConnection();
        if (receiveBuffer > 0) connection._socket.ReceiveBufferSize = receiveBuffer;
        await connection._socket.ConnectAsync(address.Host == "localhost" ? "127.0.0.1" : address.Host, address.Port);
        return connection;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    /// <summary>False when the other side has had enough.</summary>
    public async Task<bool> TrySendAsync(string text)
    {
        try
        {
            await SendAsync(text);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether the other side has ended the connection; what it sent before is lost.</summary>
    public bool IsOver()
    {
        var rest = new byte[4096];
        try
        {
            while (_socket.Poll(0, SelectMode.SelectRead))
            {
                if (_socket.Receive(rest) == 0) return true;
            }

            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Says that nothing more will be sent; answers can still come.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Goes away without a word: the other side gets a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <summary>Until the text has come.</summary>
    public async Task<string> ReadUntilAsync(string wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var text = "";
        var buffer = new byte[4096];
        while (!text.Contains(wanted, StringComparison.Ordinal))
        {
            var read = await _socket.ReceiveAsync(buffer, limit.Token);
            Assert.True(read > 0, $"The connection ended without it: {text}");
            text += Encoding.Latin1.GetString(buffer, 0, read);
        }

        return text;
    }

    /// <summary>Everything until the other side ends the connection, in order or not.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var text = new StringBuilder();
        var buffer = new byte[65_536];
        try
        {
            for (var read = 1; read > 0;)
            {
                read = await _socket.ReceiveAsync(buffer, limit.Token);
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // Reset.
        }

        return text.ToString();
    }

    public void Dispose() => _socket.Dispose();
}
