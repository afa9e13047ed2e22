// Names of the types, and the one conversion that GPUs before sm_80 lack.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

struct bf16 { u16 bits; };
struct f16 { u16 bits; };

// Nearest even. A NaN must not be rounded: the carry would turn it into a zero.
__device__ inline u32 bf16_bits(float value)
{
    const u32 bits = __float_as_uint(value);
    return (bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FFF : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
}
