// libtorch's generator and thread pool are process-wide: tests that touch torch run one after another.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
