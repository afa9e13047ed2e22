// AdamW with 8-bit moments, bitsandbytes' arithmetic in its order, IEEE throughout. A warp takes one block of 256 values, 8 a lane.

struct AdamW8Shared
{
    float map1[256];
    float map2[256];
};

__device__ inline float warp_max(float value)
{
    #pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(0xFFFFFFFF, value, distance));
    return value;
}

// n codes in a row: 4 or 8 bytes at once, or the bytes that are there.
__device__ inline u64 read_codes(const u8* codes, i64 at, i64 count, int n)
{
    if (at + n <= count && ((u64)(codes + at) & (n - 1)) == 0) return n == 8 ? *(const u64*)(codes + at) : *(const u32*)(codes + at);
    u64 word = 0;
    for (int i = 0; i < n && at + i < count; i++) word |= (u64)codes[at + i] << (8 * i);
    return word;
}

__device__ inline void write_codes(u8* codes, i64 at, i64 count, int n, u64 word)
{
    if (at + n <= count && ((u64)(codes + at) & (n - 1)) == 0)
    {
        if (n == 8) *(u64*)(codes + at) = word;
        else *(u32*)(codes + at) = (u32)word;
        return;
    }
    for (int i = 0; i < n && at + i < count; i++) codes[at + i] = (u8)(word >> (8 * i));
}

template <class T> __device__ inline void adamw8(AdamW8Shared& shared, T* parameter, const T* gradient, u8* state1, float* absmax1, const float* map1,
    u8* state2, float* absmax2, const float* map2, float beta1, float beta2, float step, float eps, float decay, float scale, i64 count)
{
    const int n = Element<T>::PerVector;
    const int thread = threadIdx.x;
    shared.map1[thread] = map1[thread];
    shared.map2[thread] = map2[thread];
    __syncthreads();

    const i64 block = (i64)blockIdx.x * 8 + thread / 32;
    const i64 first = block * 256;
    if (first >= count) return;
    const int here = at_most(256, count - first);
    const float scale1 = absmax1[block], scale2 = absmax2[block];
    const float rest1 = __fsub_rn(1.0f, beta1), rest2 = __fsub_rn(1.0f, beta2);

    float m[8], v[8];
    float largest1 = 0.0f, largest2 = 0.0f;
    #pragma unroll
    for (int part = 0; part < 8; part += n)
    {
        const int at = part * 32 + (thread & 31) * n;
        float p[n], g[n];
        read_vector(parameter + first, at, here, p);
        read_vector(gradient + first, at, here, g);
        const u64 codes1 = read_codes(state1 + first, at, here, n), codes2 = read_codes(state2 + first, at, here, n);
        #pragma unroll
        for (int i = 0; i < n; i++)
        {
            g[i] = __fmul_rn(g[i], scale);
            const bool finite = at + i < here && (__float_as_uint(g[i]) & 0x7F800000) != 0x7F800000;
            const float old1 = __fmul_rn(shared.map1[(codes1 >> (8 * i)) & 255], scale1), old2 = __fmul_rn(shared.map2[(codes2 >> (8 * i)) & 255], scale2);
            const float new2 = __fadd_rn(__fmul_rn(old2, beta2), __fmul_rn(__fmul_rn(rest2, g[i]), g[i]));
            const float new1 = __fadd_rn(__fmul_rn(old1, beta1), __fmul_rn(rest1, g[i]));
            m[part + i] = finite ? new1 : 0.0f;
            v[part + i] = finite ? new2 : 0.0f;
            largest1 = fmaxf(largest1, fabsf(m[part + i]));
            largest2 = fmaxf(largest2, fabsf(v[part + i]));
            const float moved = __fadd_rn(p[i], __fmul_rn(step, __fdiv_rn(m[part + i], __fadd_rn(__fsqrt_rn(v[part + i]), eps))));
            // Rounded to the parameter's type between the step and the decay; a decay of none multiplies by 1.
            if (finite) p[i] = __fmul_rn(Element<T>::value(Element<T>::from(moved)), decay);
        }
        write_vector(parameter + first, at, here, p);
    }

    largest1 = warp_max(largest1);
    largest2 = warp_max(largest2);
    if ((thread & 31) == 0) { absmax1[block] = largest1; absmax2[block] = largest2; }
    #pragma unroll
    for (int part = 0; part < 8; part += n)
    {
        u64 codes1 = 0, codes2 = 0;
        #pragma unroll
        for (int i = 0; i < n; i++)
        {
            u32 code = nearest(shared.map1, __fdiv_rn(m[part + i], largest1));
            // The code keeps the moment's sign: it moves by one if its value has the other.
            if ((__float_as_uint(shared.map1[code]) ^ __float_as_uint(m[part + i])) >> 31) code = (code + (m[part + i] > 0.0f ? 1 : 255)) & 255;
            codes1 |= (u64)code << (8 * i);
            codes2 |= (u64)nearest(shared.map2, __fdiv_rn(v[part + i], largest2)) << (8 * i);
        }
        const int at = part * 32 + (thread & 31) * n;
        write_codes(state1 + first, at, here, n, codes1);
        write_codes(state2 + first, at, here, n, codes2);
    }
}

#define ADAMW8(name, T) \
    extern "C" __global__ void __launch_bounds__(256) name(T* parameter, const T* gradient, u8* state1, float* absmax1, const float* map1, \
        u8* state2, float* absmax2, const float* map2, float beta1, float beta2, float step, float eps, float decay, float scale, i64 count) \
    { \
        __shared__ AdamW8Shared shared; \
        adamw8<T>(shared, parameter, gradient, state1, absmax1, map1, state2, absmax2, map2, beta1, beta2, step, eps, decay, scale, count); \
    }

ADAMW8(adamw8_f32, float)
ADAMW8(adamw8_bf16, bf16)
ADAMW8(adamw8_f16, f16)
