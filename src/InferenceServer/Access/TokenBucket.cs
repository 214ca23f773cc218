namespace InferenceServer.Access;

/// <summary>
/// An allowance that fills up evenly over a minute and holds no more than a minute's worth. It may be overdrawn where the
/// price is known only afterwards; the debt is paid before anything else is.
/// </summary>
/// <param name="perMinute">What comes in a minute, above 0.</param>
public sealed class TokenBucket(int perMinute, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly double _perSecond = perMinute / 60.0;
    private double _balance = perMinute;
    private long _at = clock.GetTimestamp();

    public int PerMinute => perMinute;

    /// <summary>What is left, in whole units; 0 where it is overdrawn.</summary>
    public int Left
    {
        get
        {
            lock (_lock) return (int)Math.Max(0, Math.Floor(Refilled()));
        }
    }

    /// <summary>Until it is full again.</summary>
    public TimeSpan UntilFull => Until(perMinute);

    /// <summary>Until it holds this much; zero if it does.</summary>
    public TimeSpan Until(double amount)
    {
        lock (_lock) return TimeSpan.FromSeconds(Math.Max(0, (amount - Refilled()) / _perSecond));
    }

    /// <summary>Takes one if there is one.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            if (Refilled() < 1) return false;
            _balance--;
            return true;
        }
    }

    /// <summary>Takes what was used, whether or not it is there.</summary>
    public void Charge(int amount)
    {
        lock (_lock) _balance = Refilled() - amount;
    }

    private double Refilled()
    {
        var now = clock.GetTimestamp();
        _balance = Math.Min(perMinute, _balance + (clock.GetElapsedTime(_at, now).TotalSeconds * _perSecond));
        _at = now;
        return _balance;
    }
}
