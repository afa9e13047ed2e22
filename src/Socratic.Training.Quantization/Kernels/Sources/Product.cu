// y = x W^T (+ bias) for a few rows of x, W in 4 bits [outputs, inputs]. Each weight is rounded to T as dequantize does, then used; sums are fp32.
// A warp takes one output; 32 weights a lane come in one load and, as blocks have 32 values or more, share one scale.

struct ProductShared
{
    float code[16];
};

template <class T, int Rows> __device__ inline void product(ProductShared& shared, const u8* packed, const float* absmax, const u8* codes, const float* map,
    const float* absmax2, float offset, int nested_shift, const T* x, const T* bias, T* y, int rows, int outputs, int inputs, int shift, int type)
{
    if (threadIdx.x < 16) shared.code[threadIdx.x] = __uint_as_float(code_bits[type][threadIdx.x]);
    __syncthreads();
    const int lane = threadIdx.x & 31;
    const i64 output = (i64)blockIdx.x * 4 + threadIdx.x / 32;
    if (output >= outputs) return;
    const i64 start = output * inputs;

    float sums[Rows];
    #pragma unroll
    for (int row = 0; row < Rows; row++) sums[row] = 0.0f;

    if (inputs % 32 == 0 && aligned(packed) && aligned(x))
    {
        const int n = Element<T>::PerVector;
        for (int at = lane * 32; at < inputs; at += 1024)
        {
            const uint4 loaded = load16(packed + (start + at) / 2);
            const u32 words[4] = { loaded.x, loaded.y, loaded.z, loaded.w };
            const float scale = scale_of((start + at) >> shift, absmax, codes, map, absmax2, offset, nested_shift);
            #pragma unroll
            for (int part = 0; part < 4; part++)
            {
                float weights[8];
                #pragma unroll
                for (int i = 0; i < 8; i++) weights[i] = __fmul_rn(shared.code[nibble(words[part], i)], scale);
                #pragma unroll
                for (int i = 0; i < 8; i += 2) Element<T>::round_pair(weights[i], weights[i + 1]);
                #pragma unroll
                for (int row = 0; row < Rows; row++)
                {
                    if (row >= rows) break;
                    const T* from = x + (i64)row * inputs + at + part * 8;
                    #pragma unroll
                    for (int i = 0; i < 8; i += n)
                    {
                        float values[n];
                        Element<T>::unpack(load16(from + i), values);
                        #pragma unroll
                        for (int j = 0; j < n; j++) sums[row] = __fmaf_rn(values[j], weights[i + j], sums[row]);
                    }
                }
            }
        }
    }
    else
    {
        // Rows that begin inside a byte or a vector: one weight at a time.
        for (int at = lane; at < inputs; at += 32)
        {
            const i64 element = start + at;
            const u32 code = (packed[element / 2] >> (element % 2 ? 0 : 4)) & 15;
            const float scale = scale_of(element >> shift, absmax, codes, map, absmax2, offset, nested_shift);
            const float weight = Element<T>::value(Element<T>::from(__fmul_rn(shared.code[code], scale)));
            #pragma unroll
            for (int row = 0; row < Rows; row++) if (row < rows) sums[row] = __fmaf_rn(Element<T>::value(x[(i64)row * inputs + at]), weight, sums[row]);
        }
    }

    #pragma unroll
    for (int row = 0; row < Rows; row++)
    {
        float sum = sums[row];
        #pragma unroll
        for (int distance = 16; distance > 0; distance /= 2) sum = __fadd_rn(sum, __shfl_xor_sync(0xFFFFFFFF, sum, distance));
        if (bias != nullptr) sum = __fadd_rn(sum, Element<T>::value(bias[output]));
        if (lane == 0 && row < rows) y[(i64)row * outputs + output] = Element<T>::from(sum);
    }
}

#define PRODUCT(name, T, Rows) \
    extern "C" __global__ void __launch_bounds__(128) name(const u8* packed, const float* absmax, const u8* codes, const float* map, const float* absmax2, \
        float offset, int nested_shift, const T* x, const T* bias, T* y, int rows, int outputs, int inputs, int shift, int type) \
    { \
        __shared__ ProductShared shared; \
        product<T, Rows>(shared, packed, absmax, codes, map, absmax2, offset, nested_shift, x, bias, y, rows, outputs, inputs, shift, type); \
    }

PRODUCT(product_f32_1, float, 1)
PRODUCT(product_f32_4, float, 4)
PRODUCT(product_f32_16, float, 16)
PRODUCT(product_bf16_1, bf16, 1)
PRODUCT(product_bf16_4, bf16, 4)
PRODUCT(product_bf16_16, bf16, 16)
PRODUCT(product_f16_1, f16, 1)
PRODUCT(product_f16_4, f16, 4)
PRODUCT(product_f16_16, f16, 16)
