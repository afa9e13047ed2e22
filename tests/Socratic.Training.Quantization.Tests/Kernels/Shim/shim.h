// Runs CUDA C++ on the CPU (g++, x86-64 Linux): a thread is a fiber, a block runs alone, barriers and shuffles are real.
// Made to find mistakes: shared memory is poisoned before each block, threads and blocks run in the order asked for, a NaN has CUDA's bits,
// and a collective that not all threads reach, or that they reach differently, is an error.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <utility>

#define __device__
#define __global__
#define __constant__ static const
#define __shared__ static __attribute__((section("kernel_shared")))
#define __launch_bounds__(threads)

struct alignas(16) uint4 { unsigned x, y, z, w; };
struct Index { unsigned x; };
static Index threadIdx, blockIdx;
extern char __start_kernel_shared[], __stop_kernel_shared[];
extern "C" __attribute__((weak)) void __asan_unpoison_memory_region(const volatile void*, size_t);

// ---- fibers ----
enum Waiting { Nothing, Barrier, Shuffle, Finished };
struct Fiber { void* stack; Waiting waiting; unsigned mask; int distance; unsigned turn; uint32_t posted[2]; };
static const int Most = 1024, StackBytes = 64 * 1024;
static Fiber fibers[Most];
static Fiber* self;
static void* scheduler;
static char* stacks;
static void (*body)(void*);
static void* body_argument;
static char error[256];

extern "C" __attribute__((visibility("hidden"))) void shim_switch(void** from, void* to);
asm(".text\n.type shim_switch, @function\nshim_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\nmov %rsp, (%rdi)\nmov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");

static void wait(Waiting what) { self->waiting = what; shim_switch(&self->stack, scheduler); }

static void fiber_main() { body(body_argument); wait(Finished); }

static void start(Fiber& fiber, char* stack)
{
    void** top = (void**)(stack + StackBytes) - 2;
    *top = (void*)fiber_main;
    fiber = Fiber();
    fiber.stack = top - 6;
}

static bool fail(const char* what) { snprintf(error, sizeof error, "block %u: %s", blockIdx.x, what); return false; }

static uint32_t random_state;
static uint32_t next_random() { return (random_state = random_state * 1664525u + 1013904223u) >> 8; }

// Lets the lanes of a warp go that have all posted; false with an error if they never will.
static bool release_shuffles(int first, bool& released)
{
    for (int i = 0; i < 32; i++)
    {
        const Fiber& asked = fibers[first + i];
        if (asked.waiting != Shuffle) continue;
        if (!(asked.mask >> i & 1)) return fail("a shuffle's mask lacks the lane that asks");
        bool complete = true;
        for (int j = 0; j < 32; j++)
        {
            const Fiber& lane = fibers[first + j];
            if (!(asked.mask >> j & 1)) continue;
            if (lane.waiting == Finished) return fail("a lane ended before a shuffle of its warp");
            if (lane.waiting == Barrier) return fail("a lane waits at the barrier, another at a shuffle");
            if (lane.waiting == Shuffle && (lane.mask != asked.mask || lane.distance != asked.distance)) return fail("lanes of a warp shuffle differently");
            complete = complete && lane.waiting == Shuffle;
        }
        if (!complete) continue;
        const unsigned mask = asked.mask;
        for (int j = 0; j < 32; j++) if (mask >> j & 1) { fibers[first + j].waiting = Nothing; released = true; }
    }
    return true;
}

static void run_lane(int thread)
{
    self = &fibers[thread];
    if (self->waiting != Nothing) return;
    threadIdx.x = thread;
    shim_switch(&scheduler, self->stack);
}

// A warp goes as far as it can before the next one begins: the worst that hardware may do to a block that forgets a barrier.
static bool run_warp(int first, int order)
{
    bool again = true;
    while (again)
    {
        const int turn = order > 1 ? next_random() & 31 : order == 1 ? 31 : 0;
        for (int i = 0; i < 32; i++) run_lane(first + (i ^ turn));
        again = false;
        if (!release_shuffles(first, again)) return false;
    }
    return true;
}

static bool run_block(int threads, int order)
{
    memset(__start_kernel_shared, 0xFF, __stop_kernel_shared - __start_kernel_shared);
    const int warps = threads / 32;
    static int turn[Most / 32];
    for (int i = 0; i < threads; i++) start(fibers[i], stacks + (size_t)i * StackBytes);
    for (int i = 0; i < warps; i++) turn[i] = order == 1 ? warps - 1 - i : i;
    while (true)
    {
        if (order > 1) for (int i = warps - 1; i > 0; i--) std::swap(turn[i], turn[next_random() % (i + 1)]);
        for (int i = 0; i < warps; i++) if (!run_warp(turn[i] * 32, order)) return false;
        int barrier = 0, finished = 0;
        for (int i = 0; i < threads; i++) { barrier += fibers[i].waiting == Barrier; finished += fibers[i].waiting == Finished; }
        if (finished == threads) return true;
        if (finished > 0 && barrier > 0) return fail("a thread ended before a barrier of its block");
        if (barrier != threads) return fail("deadlock");
        for (int i = 0; i < threads; i++) fibers[i].waiting = Nothing;
    }
}

// ---- what kernels call ----
static inline void __syncthreads() { wait(Barrier); }

static inline float __shfl_xor_sync(unsigned mask, float value, int distance)
{
    Fiber* me = self;
    const unsigned turn = me->turn++ & 1;
    memcpy(&me->posted[turn], &value, 4);
    me->mask = mask;
    me->distance = distance;
    wait(Shuffle);
    memcpy(&value, &fibers[(me - fibers) ^ distance].posted[turn], 4);
    return value;
}

static inline uint32_t __float_as_uint(float v) { uint32_t bits; memcpy(&bits, &v, 4); return bits; }
static inline float __uint_as_float(uint32_t bits) { float v; memcpy(&v, &bits, 4); return v; }

// The empty instruction keeps the compiler from contracting what the kernel forbids to contract.
static inline float sealed(float v) { asm volatile("" : "+x"(v)); return v != v ? __uint_as_float(0x7FFFFFFF) : v; }
static inline float __fmul_rn(float a, float b) { return sealed(a * b); }
static inline float __fadd_rn(float a, float b) { return sealed(a + b); }
static inline float __fsub_rn(float a, float b) { return sealed(a - b); }
static inline float __fdiv_rn(float a, float b) { return sealed(a / b); }
static inline float __frcp_rn(float a) { return sealed(1.0f / a); }
static inline float __fsqrt_rn(float a) { return sealed(sqrtf(a)); }
static inline float __fmaf_rn(float a, float b, float c) { return sealed(__builtin_fmaf(a, b, c)); }

// In place of Intrinsics.cu.
static inline uint4 load16(const void* from) { return *(const uint4*)from; }
static inline void store16(void* to, uint4 v) { *(uint4*)to = v; }
inline uint32_t bf16_bits(float value);
static inline uint32_t bf16_pair(float low, float high) { return bf16_bits(low) | bf16_bits(high) << 16; }
static inline uint32_t f16_bits(float v)
{
    const _Float16 half = (_Float16)v;
    uint16_t bits;
    memcpy(&bits, &half, 2);
    return v != v ? 0x7FFF : bits;
}
static inline uint32_t f16_pair(float low, float high) { return f16_bits(low) | f16_bits(high) << 16; }
static inline float f16_value(uint32_t bits)
{
    _Float16 half;
    memcpy(&half, &bits, 2);
    return (float)half;
}

// ---- launching: arguments as cuLaunchKernel takes them ----
template <auto Kernel, class... A, size_t... I> static void call_with(void (*)(A...), void** arguments, std::index_sequence<I...>) { Kernel(*(A*)arguments[I]...); }
template <auto Kernel, class... A> static void call(void (*kernel)(A...), void** arguments) { call_with<Kernel>(kernel, arguments, std::index_sequence_for<A...>()); }
template <auto Kernel> static void entry_of(void* arguments) { call<Kernel>(Kernel, (void**)arguments); }
struct Entry { const char* name; void (*run)(void*); };
#define ENTRY(kernel) { #kernel, &entry_of<&kernel> }
extern const Entry entries[];

// Blocks first..last-1 of the grid. Order 0: as numbered; 1: backwards; above: warps and lanes in a random order that it seeds. Null if all went well.
extern "C" __attribute__((visibility("default"))) const char* shim_launch(const char* name, unsigned threads, uint64_t first, uint64_t last, int order, void** arguments)
{
    if (!stacks) stacks = (char*)mmap(nullptr, (size_t)Most * StackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (const Entry* entry = entries; entry->name; entry++)
    {
        if (strcmp(entry->name, name)) continue;
        body = entry->run;
        body_argument = arguments;
        random_state = order;
        for (uint64_t i = 0; i < last - first; i++)
        {
            blockIdx.x = (unsigned)(order == 1 ? last - 1 - i : first + i);
            if (run_block(threads, order)) continue;
            // Fibers left behind leave their marks on the stacks.
            if (__asan_unpoison_memory_region) __asan_unpoison_memory_region(stacks, (size_t)Most * StackBytes);
            return error;
        }
        return nullptr;
    }
    return "no such kernel";
}
