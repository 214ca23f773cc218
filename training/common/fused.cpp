// Element-wise work of a Llama or GPT-2 block in one pass each, forward and backward, for CPUs without fast PyTorch kernels.
// bf16 in and out of the matrix products, f32 inside. Plain C functions on raw pointers (called through ctypes), so no
// PyTorch headers are needed. `training/common/fused.py` builds, checks and binds them; without a compiler the plain
// PyTorch path is used instead.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

typedef uint16_t bf16;
typedef float f16x __attribute__((vector_size(64), aligned(4)));  // 16 floats; the compiler splits it for narrower CPUs

static inline f16x& vec(float* p) { return *reinterpret_cast<f16x*>(p); }
static inline const f16x& vec(const float* p) { return *reinterpret_cast<const f16x*>(p); }

static inline float wide(bf16 x) { uint32_t u = uint32_t(x) << 16; float f; std::memcpy(&f, &u, 4); return f; }
static inline bf16 narrow(float f) {  // round to nearest even
    uint32_t u; std::memcpy(&u, &f, 4);
    return bf16((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

// out[m] = sum_i a[i] * columns[i, m] for m keys, 16 at a time; columns is [HD, stride], stride a multiple of 16.
template <int HD> static inline void products(const float* a, const float* columns, int64_t stride, int64_t m, float* out) {
    for (int64_t j = 0; j < m; j += 16) {
        f16x sum = {};
        for (int i = 0; i < HD; i++) sum += a[i] * vec(columns + i * stride + j);
        vec(out + j) = sum;
    }
}

// See `attention` below; HD is the head width, known to the compiler so that rows live in registers.
template <int HD> static void attend(const bf16* qkv, const int64_t* lengths, const int64_t* first, const int64_t* last,
                                     int64_t sequences, bool full, const float* cosine, const float* sine, int64_t heads,
                                     bf16* out, const bf16* dout, bf16* dqkv) {
    const int64_t d = heads * HD, half = HD / 2;
    const float scale = 1 / std::sqrt(float(HD));
    std::vector<float> store;
    for (int64_t s = 0; s < sequences; s++) {
        const int64_t T = lengths[s], S = (T + 15) / 16 * 16;
        store.assign(size_t(8 * S * HD + 2 * S), 0.f);
        float *q = store.data(), *k = q + S * HD, *v = k + S * HD, *kt = v + S * HD, *vt = kt + S * HD;
        float *dq = vt + S * HD, *dk = dq + S * HD, *dv = dk + S * HD, *p = dv + S * HD, *dp = p + S;
        for (int64_t h = 0; h < heads; h++) {
            for (int64_t t = 0; t < T; t++) {
                const bf16* row = qkv + t * 3 * d + h * HD;
                const float *c = cosine + t * half, *z = sine + t * half;
                for (int i = 0; i < half; i++) {
                    const float q1 = wide(row[i]), q2 = wide(row[i + half]), k1 = wide(row[d + i]), k2 = wide(row[d + i + half]);
                    q[t * HD + i] = (q1 * c[i] - q2 * z[i]) * scale;
                    q[t * HD + i + half] = (q2 * c[i] + q1 * z[i]) * scale;
                    k[t * HD + i] = k1 * c[i] - k2 * z[i];
                    k[t * HD + i + half] = k2 * c[i] + k1 * z[i];
                }
                for (int i = 0; i < HD; i++) {
                    v[t * HD + i] = wide(row[2 * d + i]);
                    kt[i * S + t] = k[t * HD + i];
                    vt[i * S + t] = v[t * HD + i];
                }
            }
            if (dout) std::memset(dk, 0, sizeof(float) * 2 * S * HD);
            for (int64_t t = first[s]; t < last[s]; t++) {
                const int64_t m = full ? T : t + 1;  // keys seen
                products<HD>(q + t * HD, kt, S, m, p);
                float top = p[0], sum = 0;
                for (int64_t j = 1; j < m; j++) top = p[j] > top ? p[j] : top;
                for (int64_t j = 0; j < m; j++) { p[j] = std::exp(p[j] - top); sum += p[j]; }
                for (int64_t j = 0; j < m; j++) p[j] /= sum;
                if (!dout) {
                    f16x o[HD / 16] = {};
                    for (int64_t j = 0; j < m; j++)
                        for (int i = 0; i < HD / 16; i++) o[i] += p[j] * vec(v + j * HD + i * 16);
                    for (int i = 0; i < HD; i++) out[t * d + h * HD + i] = narrow(o[i / 16][i % 16]);
                    continue;
                }
                float g[HD], dot = 0;
                f16x gq[HD / 16] = {};
                for (int i = 0; i < HD; i++) g[i] = wide(dout[t * d + h * HD + i]);
                products<HD>(g, vt, S, m, dp);
                for (int64_t j = 0; j < m; j++) dot += p[j] * dp[j];
                for (int64_t j = 0; j < m; j++) {
                    const float w = p[j], e = w * (dp[j] - dot);
                    for (int i = 0; i < HD; i += 16) {
                        vec(dv + j * HD + i) += w * vec(g + i);
                        vec(dk + j * HD + i) += e * vec(q + t * HD + i);
                        gq[i / 16] += e * vec(k + j * HD + i);
                    }
                }
                std::memcpy(dq + t * HD, gq, sizeof(gq));
            }
            if (!dout) continue;
            for (int64_t t = 0; t < T; t++) {  // rotate the gradients back
                bf16* row = dqkv + t * 3 * d + h * HD;
                const float *c = cosine + t * half, *z = sine + t * half;
                for (int i = 0; i < half; i++) {
                    const float q1 = dq[t * HD + i] * scale, q2 = dq[t * HD + i + half] * scale;
                    const float k1 = dk[t * HD + i], k2 = dk[t * HD + i + half];
                    row[i] = narrow(q1 * c[i] + q2 * z[i]);
                    row[i + half] = narrow(q2 * c[i] - q1 * z[i]);
                    row[d + i] = narrow(k1 * c[i] + k2 * z[i]);
                    row[d + i + half] = narrow(k2 * c[i] - k1 * z[i]);
                }
                for (int i = 0; i < HD; i++) row[2 * d + i] = narrow(dv[t * HD + i]);
            }
        }
        qkv += T * 3 * d;
        if (dout) { dout += T * d; dqkv += T * 3 * d; } else out += T * d;
    }
}
extern "C" {

// y[n,d] = x * rsqrt(mean(x^2) + eps) * w
void rms_norm(const float* x, const float* w, bf16* y, int64_t n, int64_t d, float eps) {
    for (int64_t r = 0; r < n; r++, x += d, y += d) {
        float sum = 0;
        for (int64_t i = 0; i < d; i++) sum += x[i] * x[i];
        const float scale = 1 / std::sqrt(sum / d + eps);
        for (int64_t i = 0; i < d; i++) y[i] = narrow(x[i] * scale * w[i]);
    }
}

// dx[n,d], dw[d] (dw starts at zero)
void rms_norm_back(const float* x, const float* w, const bf16* dy, float* dx, float* dw, int64_t n, int64_t d, float eps) {
    for (int64_t r = 0; r < n; r++, x += d, dy += d, dx += d) {
        float sum = 0, dot = 0;
        for (int64_t i = 0; i < d; i++) { sum += x[i] * x[i]; dot += x[i] * w[i] * wide(dy[i]); }
        const float scale = 1 / std::sqrt(sum / d + eps), pull = dot * scale * scale * scale / d;
        for (int64_t i = 0; i < d; i++) {
            const float g = wide(dy[i]);
            dw[i] += g * x[i] * scale;
            dx[i] = g * w[i] * scale - x[i] * pull;
        }
    }
}

// y[n,f] = silu(gate) * up, where gu[n,2f] = gate | up
void swiglu(const bf16* gu, bf16* y, int64_t n, int64_t f) {
    for (int64_t r = 0; r < n; r++, gu += 2 * f, y += f)
        for (int64_t i = 0; i < f; i++) {
            const float g = wide(gu[i]);
            y[i] = narrow(g / (1 + std::exp(-g)) * wide(gu[f + i]));
        }
}

void swiglu_back(const bf16* gu, const bf16* dy, bf16* dgu, int64_t n, int64_t f) {
    for (int64_t r = 0; r < n; r++, gu += 2 * f, dgu += 2 * f, dy += f)
        for (int64_t i = 0; i < f; i++) {
            const float g = wide(gu[i]), u = wide(gu[f + i]), s = 1 / (1 + std::exp(-g)), d = wide(dy[i]);
            dgu[i] = narrow(d * u * s * (1 + g * (1 - s)));
            dgu[f + i] = narrow(d * g * s);
        }
}

// sigmoid(2u), u = sqrt(2/pi) * (v + 0.044715 v^3); bounded, because -ffast-math makes NaN of an overflowing exp
static inline float gate(float v) {
    const float u = 1.5957691216f * (v + 0.044715f * v * v * v);
    return 1 / (1 + std::exp(-(u > 40.f ? 40.f : u < -40.f ? -40.f : u)));
}

// y[n] = gelu(x) by the tanh approximation, written as x * gate(x)
void gelu(const bf16* x, bf16* y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const float v = wide(x[i]);
        y[i] = narrow(v * gate(v));
    }
}

void gelu_back(const bf16* x, const bf16* dy, bf16* dx, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const float v = wide(x[i]), s = gate(v);
        dx[i] = narrow(wide(dy[i]) * (s + v * s * (1 - s) * 1.5957691216f * (1 + 0.134145f * v * v)));
    }
}

// Attention with rotary positions (rotate_half) over sequences packed one after another; head width 32 or 64. Causal, or
// `full`: every row sees its whole sequence. Only rows first[s] <= t < last[s] of a sequence ask, the others' outputs are
// left as they are. qkv[n, 3*heads*hd]; lengths, first, last[sequences]; cosine/sine[max length, hd/2]; out[n, heads*hd].
// With dout given, dqkv is written instead of out (everything is recomputed: sequences are short).
void attention(const bf16* qkv, const int64_t* lengths, const int64_t* first, const int64_t* last, int64_t sequences,
               int64_t full, const float* cosine, const float* sine, int64_t heads, int64_t hd, bf16* out, const bf16* dout,
               bf16* dqkv) {
    (hd == 32 ? attend<32> : attend<64>)(
        qkv, lengths, first, last, sequences, full != 0, cosine, sine, heads, out, dout, dqkv);
}
}
