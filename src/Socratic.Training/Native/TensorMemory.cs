using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Socratic.Training.Native;

/// <summary>Raw memory of tensors, through PyTorch's stable C interface.</summary>
internal static unsafe partial class TensorMemory
{
    private const string Library = "torch_cpu";

    // The version of the interface that the dispatcher's stack layout follows: 2.10.
    private const ulong Version = (2UL << 56) | (10UL << 48);

    /// <summary>The address of the first element; the tensor's own offset is included. Valid as long as the tensor lives.</summary>
    internal static IntPtr Pointer(Tensor tensor)
    {
        IntPtr pointer;
        Check(GetDataPointer(tensor.Handle, &pointer), "aoti_torch_get_data_ptr");
        GC.KeepAlive(tensor);
        return pointer;
    }

    /// <summary>How often the tensor was written in place, as autograd counts: accumulating a gradient counts, raw writes do not.</summary>
    internal static long WriteCount(Tensor tensor)
    {
        IntPtr handle;
        Check(NewHandle(tensor.Handle, &handle), "aoti_torch_new_tensor_handle");
        var stack = (ulong)handle;
        fixed (byte* name = "aten::_version\0"u8, overload = "\0"u8) Check(CallDispatcher(name, overload, &stack, Version), "aten::_version");
        GC.KeepAlive(tensor);
        return (long)stack;
    }

    private static void Check(int status, string function)
    {
        if (status != 0) throw new InvalidOperationException($"libtorch's {function} failed.");
    }

    [LibraryImport(Library, EntryPoint = "aoti_torch_get_data_ptr")]
    private static partial int GetDataPointer(IntPtr tensor, IntPtr* pointer);

    [LibraryImport(Library, EntryPoint = "aoti_torch_new_tensor_handle")]
    private static partial int NewHandle(IntPtr tensor, IntPtr* handle);

    [LibraryImport(Library, EntryPoint = "torch_call_dispatcher")]
    private static partial int CallDispatcher(byte* name, byte* overload, ulong* stack, ulong version);
}
