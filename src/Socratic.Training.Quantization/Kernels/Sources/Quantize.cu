// Values to 4-bit codes: x = value x (1 / absmax), the reciprocal first; code = number of thresholds below x. A tile is 4,096 values, so every block lies in one.

// Ascending. The last one is never asked for.
__constant__ u32 threshold_bits[2][16] = {
    { 0xBF591CD9, 0xBF1C5270, 0xBEEB8480, 0xBEADEA76, 0xBE703CEC, 0xBE0D38BC, 0xBD3A7871, 0x3D22FAFF,
      0x3DF64863, 0x3E5067E0, 0x3E9582D4, 0x3EC753F9, 0x3F006D03, 0x3F248DAF, 0x3F5C89D9, 0x7F800000 },
    { 0x3B2AAAB9, 0x3DB00000, 0x3E555555, 0x3E955555, 0x3ED55556, 0x3F155550, 0x3F555555, 0x7F800000 },
};

struct QuantizeShared
{
    uint4 packed[128];
    float warps[32];
    float threshold[16];
};

__device__ inline u32 code_of(const float* threshold, float x, int type)
{
    const float size = type ? fabsf(x) : x;
    u32 rank = !type && size > threshold[7] ? 8 : 0;
    #pragma unroll
    for (int step = 4; step > 0; step /= 2) if (size > threshold[rank + step - 1]) rank += step;
    // FP4: its codes by rising value, and the sign.
    return type ? ((0x32547610u >> (4 * rank)) & 7) | (x < 0.0f ? 8 : 0) : rank;
}

template <class T> __device__ inline void quantize(QuantizeShared& shared, const T* input, u8* packed, float* absmax, i64 count, int shift, int type)
{
    const int n = Element<T>::PerVector;
    const int thread = threadIdx.x;
    const i64 first = (i64)blockIdx.x * 4096;
    const int here = at_most(4096, count - first);
    const int group = (1 << shift) / n;

    float values[n];
    read_vector(input + first, thread * n, here, values);
    float largest = 0.0f;
    #pragma unroll
    for (int i = 0; i < n; i++) largest = fmaxf(largest, fabsf(values[i]));
    if (thread < 16) shared.threshold[thread] = __uint_as_float(threshold_bits[type][thread]);
    largest = group_max(largest, group, shared.warps);
    if (thread % group == 0 && thread * n < here) absmax[(first + thread * n) >> shift] = largest;

    const float reciprocal = __frcp_rn(largest);
    // An all-zero block, or as good as: the code whose value is +0.0.
    const bool empty = __float_as_uint(reciprocal) == 0x7F800000;
    u32 word = 0;
    #pragma unroll
    for (int i = 0; i < n; i++)
    {
        const u32 code = empty ? (type ? 0 : 7) : code_of(shared.threshold, __fmul_rn(values[i], reciprocal), type);
        word |= code << (8 * (i / 2) + (i % 2 ? 0 : 4));
    }
    if (n == 8) ((u32*)shared.packed)[thread] = word;
    else ((u16*)shared.packed)[thread] = (u16)word;
    __syncthreads();
    if (thread < 128) write_bytes(packed + first / 2, thread * 16, (here + 1) / 2, shared.packed);
}

#define QUANTIZE(name, T, threads) \
    extern "C" __global__ void __launch_bounds__(threads) name(const T* input, u8* packed, float* absmax, i64 count, int shift, int type) \
    { \
        __shared__ QuantizeShared shared; \
        quantize<T>(shared, input, packed, absmax, count, shift, type); \
    }

QUANTIZE(quantize_f32, float, 1024)
QUANTIZE(quantize_bf16, bf16, 512)
QUANTIZE(quantize_f16, f16, 512)
