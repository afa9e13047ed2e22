// Values of three element types, 16 bytes at a time, and the code books.

template <class T> struct Element;

template <> struct Element<float>
{
    static const int PerVector = 4;
    static __device__ float value(float v) { return v; }
    static __device__ float from(float v) { return v; }
    static __device__ void round_pair(float&, float&) {}
    static __device__ void unpack(const uint4& v, float* out)
    {
        out[0] = __uint_as_float(v.x); out[1] = __uint_as_float(v.y); out[2] = __uint_as_float(v.z); out[3] = __uint_as_float(v.w);
    }
    static __device__ uint4 pack(const float* v)
    {
        uint4 out;
        out.x = __float_as_uint(v[0]); out.y = __float_as_uint(v[1]); out.z = __float_as_uint(v[2]); out.w = __float_as_uint(v[3]);
        return out;
    }
};

// Both 16-bit types: Pair makes two of them of two floats, First and Second give the floats back.
template <class T, class Format> struct Element16
{
    static const int PerVector = 8;
    static __device__ float value(T v) { return Format::first(v.bits); }
    static __device__ T from(float v) { T out; out.bits = (u16)Format::pair(v, 0.0f); return out; }
    static __device__ void round_pair(float& a, float& b)
    {
        const u32 pair = Format::pair(a, b);
        a = Format::first(pair);
        b = Format::second(pair);
    }
    static __device__ void unpack(const uint4& v, float* out)
    {
        const u32 words[4] = { v.x, v.y, v.z, v.w };
        #pragma unroll
        for (int i = 0; i < 4; i++) { out[2 * i] = Format::first(words[i]); out[2 * i + 1] = Format::second(words[i]); }
    }
    static __device__ uint4 pack(const float* v)
    {
        uint4 out;
        out.x = Format::pair(v[0], v[1]); out.y = Format::pair(v[2], v[3]); out.z = Format::pair(v[4], v[5]); out.w = Format::pair(v[6], v[7]);
        return out;
    }
};

struct Bf16Format
{
    static __device__ u32 pair(float a, float b) { return bf16_pair(a, b); }
    static __device__ float first(u32 pair) { return __uint_as_float(pair << 16); }
    static __device__ float second(u32 pair) { return __uint_as_float(pair & 0xFFFF0000); }
};

struct F16Format
{
    static __device__ u32 pair(float a, float b) { return f16_pair(a, b); }
    static __device__ float first(u32 pair) { return f16_value(pair & 0xFFFF); }
    static __device__ float second(u32 pair) { return f16_value(pair >> 16); }
};

template <> struct Element<bf16> : Element16<bf16, Bf16Format> {};
template <> struct Element<f16> : Element16<f16, F16Format> {};

__device__ inline bool aligned(const void* pointer) { return ((u64)pointer & 15) == 0; }

__device__ inline int at_most(int limit, i64 value) { return value < limit ? (int)value : limit; }

// One vector of values from a tile of `here` elements; zeros beyond its end. A view of a tensor may begin at any element.
template <class T> __device__ inline void read_vector(const T* tile, int at, int here, float* out)
{
    const int n = Element<T>::PerVector;
    if (at + n <= here && aligned(tile)) return Element<T>::unpack(load16(tile + at), out);
    #pragma unroll
    for (int i = 0; i < n; i++) out[i] = at + i < here ? Element<T>::value(tile[at + i]) : 0.0f;
}

template <class T> __device__ inline void write_vector(T* tile, int at, int here, const float* values)
{
    const int n = Element<T>::PerVector;
    if (at + n <= here && aligned(tile)) return store16(tile + at, Element<T>::pack(values));
    #pragma unroll
    for (int i = 0; i < n; i++) if (at + i < here) tile[at + i] = Element<T>::from(values[i]);
}

// 16 bytes a thread between global and shared memory; single bytes at an odd address or at the end.
__device__ inline void read_bytes(const u8* tile, int at, int bytes, uint4* staged)
{
    if (at + 16 <= bytes && aligned(tile)) { staged[at / 16] = load16(tile + at); return; }
    for (int i = at; i < at + 16 && i < bytes; i++) ((u8*)staged)[i] = tile[i];
}

__device__ inline void write_bytes(u8* tile, int at, int bytes, const uint4* staged)
{
    if (at + 16 <= bytes && aligned(tile)) return store16(tile + at, staged[at / 16]);
    for (int i = at; i < at + 16 && i < bytes; i++) tile[i] = ((const u8*)staged)[i];
}

// The largest value over each `group` threads in a row (a power of two); ends with every thread past a barrier. A NaN loses against any number.
__device__ inline float group_max(float value, int group, float* warps)
{
    for (int distance = group < 32 ? group / 2 : 16; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(0xFFFFFFFF, value, distance));
    if ((threadIdx.x & 31) == 0) warps[threadIdx.x / 32] = value;
    __syncthreads();
    if (group <= 32) return value;
    const int first = threadIdx.x / group * (group / 32);
    for (int i = 0; i < group / 32; i++) value = fmaxf(value, warps[first + i]);
    return value;
}

// Values of the 16 codes. FP4's code 8 is -0.0.
__constant__ u32 code_bits[2][16] = {
    { 0xBF800000, 0xBF3239B1, 0xBF066B30, 0xBECA32A0, 0xBE91A24D, 0xBE3D353F, 0xBDBA7871, 0x00000000,
      0x3DA2FAFF, 0x3E24CAE3, 0x3E7C04DD, 0x3EAD033A, 0x3EE1A4B8, 0x3F1007AB, 0x3F3913B3, 0x3F800000 },
    { 0x00000000, 0x3BAAAAAB, 0x3F2AAAAB, 0x3F800000, 0x3EAAAAAB, 0x3F000000, 0x3E2AAAAB, 0x3E800000,
      0x80000000, 0xBBAAAAAB, 0xBF2AAAAB, 0xBF800000, 0xBEAAAAAB, 0xBF000000, 0xBE2AAAAB, 0xBE800000 },
};

// A block's scale: as it is, or from its own 8-bit code (two roundings, never contracted).
__device__ inline float scale_of(i64 block, const float* absmax, const u8* codes, const float* map, const float* absmax2, float offset, int nested_shift)
{
    return codes == nullptr ? absmax[block] : __fadd_rn(__fmul_rn(map[codes[block]], absmax2[block >> nested_shift]), offset);
}

// Weight i of a little-endian word of packed codes: the even one of a byte is in the high half.
__device__ inline u32 nibble(u32 word, int i) { return (word >> (8 * (i / 2) + (i % 2 ? 0 : 4))) & 15; }

// Index of the nearest of 256 ascending values; a tie goes to the even index, a NaN to 0.
__device__ inline u32 nearest(const float* map, float x)
{
    int low = 0;
    #pragma unroll
    for (int step = 128; step > 0; step /= 2) if (x > map[low + step]) low += step;
    const int high = low < 255 ? low + 1 : 255;
    const float middle = __fmul_rn(__fadd_rn(map[low], map[high]), 0.5f);
    return x > middle || (x == middle && (low & 1)) ? high : low;
}
