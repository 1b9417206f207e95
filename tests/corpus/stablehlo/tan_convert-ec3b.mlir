module @jit_tan attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<3x0xui16>) -> (tensor<3x0xf32> {jax.result_info = "result"}) {
    %0 = stablehlo.convert %arg0 : (tensor<3x0xui16>) -> tensor<3x0xf32>
    %1 = stablehlo.tan %0 : tensor<3x0xf32>
    return %1 : tensor<3x0xf32>
  }
}

