module @jit_dot_general attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<3xf8E4M3FN>, %arg1: tensor<3x6xf8E5M2>) -> (tensor<6xf32> {jax.result_info = "result"}) {
    %0 = stablehlo.dot_general %arg0, %arg1, contracting_dims = [0] x [0] : (tensor<3xf8E4M3FN>, tensor<3x6xf8E5M2>) -> tensor<6xf32>
    return %0 : tensor<6xf32>
  }
}

