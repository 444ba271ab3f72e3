#pragma once

/// VECTOR_CLONES marks a function of plain loops over pixels, of which the compiler shall make further versions with
/// wider vector instructions; the best that the processor has is chosen when the program starts. arm64 has one set
/// only. The choice is made before sanitizers are ready, so their builds do without. The files of such functions are
/// compiled with -O3, which turns their loops into vector instructions.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "arch=x86-64-v2", "default")))
#else
#define VECTOR_CLONES
#endif
