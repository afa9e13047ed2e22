// 8-bit codes of an ascending map of 256 values, and back. Block scales are nested with it: their mean is taken off first.

struct Quantize8Shared
{
    uint4 codes[256];
    float map[256];
    float warps[32];
};

extern "C" __global__ void __launch_bounds__(1024) quantize8_f32(const float* input, float offset, const float* map, u8* codes, float* absmax, i64 count, int shift)
{
    __shared__ Quantize8Shared shared;
    const int thread = threadIdx.x;
    const i64 first = (i64)blockIdx.x * 4096;
    const int here = at_most(4096, count - first);
    const int group = (1 << shift) / 4;

    float values[4];
    read_vector(input + first, thread * 4, here, values);
    float largest = 0.0f;
    #pragma unroll
    for (int i = 0; i < 4; i++)
    {
        if (thread * 4 + i < here) values[i] = __fsub_rn(values[i], offset);
        largest = fmaxf(largest, fabsf(values[i]));
    }
    if (thread < 256) shared.map[thread] = map[thread];
    largest = group_max(largest, group, shared.warps);
    if (thread % group == 0 && thread * 4 < here) absmax[(first + thread * 4) >> shift] = largest;

    // In an all-zero block 0 x infinity is a NaN: code 0.
    const float reciprocal = __frcp_rn(largest);
    u32 word = 0;
    #pragma unroll
    for (int i = 0; i < 4; i++) word |= nearest(shared.map, __fmul_rn(values[i], reciprocal)) << (8 * i);
    ((u32*)shared.codes)[thread] = word;
    __syncthreads();
    if (thread < 256) write_bytes(codes + first, thread * 16, here, shared.codes);
}

struct Dequantize8Shared
{
    uint4 codes[256];
    float map[256];
    float scale[128];
};

template <class T> __device__ inline void dequantize8(Dequantize8Shared& shared, const u8* codes, const float* map, const float* absmax, T* output, i64 count, int shift)
{
    const int n = Element<T>::PerVector;
    const int thread = threadIdx.x;
    const i64 first = (i64)blockIdx.x * 4096;
    const int here = at_most(4096, count - first);

    read_bytes(codes + first, thread * 16, here, shared.codes);
    shared.map[thread] = map[thread];
    if (thread << shift < here) shared.scale[thread] = absmax[(first >> shift) + thread];
    __syncthreads();

    for (int at = thread * n; at < here; at += 256 * n)
    {
        const float scale = shared.scale[at >> shift];
        float values[n];
        #pragma unroll
        for (int i = 0; i < n; i++) values[i] = __fmul_rn(shared.map[((const u8*)shared.codes)[at + i]], scale);
        write_vector(output + first, at, here, values);
    }
}

#define DEQUANTIZE8(name, T) \
    extern "C" __global__ void __launch_bounds__(256) name(const u8* codes, const float* map, const float* absmax, T* output, i64 count, int shift) \
    { \
        __shared__ Dequantize8Shared shared; \
        dequantize8<T>(shared, codes, map, absmax, output, count, shift); \
    }

DEQUANTIZE8(dequantize8_f32, float)
DEQUANTIZE8(dequantize8_bf16, bf16)
DEQUANTIZE8(dequantize8_f16, f16)
