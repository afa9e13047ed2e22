// What only a GPU can do. NVRTC comes without cuda_fp16.h and cuda_bf16.h, so the conversions are written out; on the CPU the tests put their own in this file's place.

// 16 bytes of global memory at once. Written out, because the compiler splits a plain access where another branch takes the same values one by one.
__device__ inline uint4 load16(const void* from)
{
    uint4 v;
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(from) : "memory");
    return v;
}

__device__ inline void store16(void* to, uint4 v)
{
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" :: "l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}

// Two values, each rounded to nearest even, the first in the low half.
__device__ inline u32 bf16_pair(float low, float high)
{
#if __CUDA_ARCH__ >= 800
    u32 pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
#else
    return bf16_bits(low) | bf16_bits(high) << 16;
#endif
}

__device__ inline u32 f16_pair(float low, float high)
{
    u32 pair;
    asm("{ .reg .b16 l, h; cvt.rn.f16.f32 l, %1; cvt.rn.f16.f32 h, %2; mov.b32 %0, {l, h}; }" : "=r"(pair) : "f"(low), "f"(high));
    return pair;
}

__device__ inline float f16_value(u32 bits)
{
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"((u16)bits));
    return value;
}
