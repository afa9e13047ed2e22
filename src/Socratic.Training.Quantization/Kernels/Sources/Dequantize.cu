// 4-bit codes to values: value = T(code x scale), one multiplication, one rounding. A block of 256 threads takes 8,192 weights; no block of scales crosses its border.

struct DequantizeShared
{
    uint4 packed[256];
    float scale[256];
    float code[16];
};

template <class T> __device__ inline void dequantize(DequantizeShared& shared, const u8* packed, const float* absmax, const u8* codes, const float* map,
    const float* absmax2, float offset, int nested_shift, T* output, i64 count, int shift, int type)
{
    const int n = Element<T>::PerVector;
    const int thread = threadIdx.x;
    const i64 first = (i64)blockIdx.x * 8192;
    const int here = at_most(8192, count - first);

    read_bytes(packed + first / 2, thread * 16, (here + 1) / 2, shared.packed);
    if (thread << shift < here) shared.scale[thread] = scale_of((first >> shift) + thread, absmax, codes, map, absmax2, offset, nested_shift);
    if (thread < 16) shared.code[thread] = __uint_as_float(code_bits[type][thread]);
    __syncthreads();

    // Staged once, read by neighbours: loads and stores are both 16 bytes a thread, side by side.
    for (int at = thread * n; at < here; at += 256 * n)
    {
        const u32 word = n == 8 ? ((const u32*)shared.packed)[at / 8] : ((const u16*)shared.packed)[at / 4];
        const float scale = shared.scale[at >> shift];
        float values[n];
        #pragma unroll
        for (int i = 0; i < n; i++) values[i] = __fmul_rn(shared.code[nibble(word, i)], scale);
        write_vector(output + first, at, here, values);
    }
}

#define DEQUANTIZE(name, T) \
    extern "C" __global__ void __launch_bounds__(256) name(const u8* packed, const float* absmax, const u8* codes, const float* map, const float* absmax2, \
        float offset, int nested_shift, T* output, i64 count, int shift, int type) \
    { \
        __shared__ DequantizeShared shared; \
        dequantize<T>(shared, packed, absmax, codes, map, absmax2, offset, nested_shift, output, count, shift, type); \
    }

DEQUANTIZE(dequantize_f32, float)
DEQUANTIZE(dequantize_bf16, bf16)
DEQUANTIZE(dequantize_f16, f16)
