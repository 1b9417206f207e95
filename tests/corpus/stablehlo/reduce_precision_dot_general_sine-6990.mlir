module @jit__remat3 attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<2x2xf32>) -> (tensor<2x2xf32> {jax.result_info = ""}, tensor<2x2xf32> {jax.result_info = ""}, tensor<2x2xf32> {jax.result_info = ""}, tensor<2x2xf32> {jax.result_info = ""}) {
    %cst = stablehlo.constant dense<1.000000e-03> : tensor<f32>
    %0 = stablehlo.dot_general %arg0, %arg0, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %1 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<2x2xf32>
    %2 = stablehlo.multiply %0, %1 : tensor<2x2xf32>
    %3 = stablehlo.sine %2 : tensor<2x2xf32>
    %4 = stablehlo.dot_general %3, %3, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %5 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<2x2xf32>
    %6 = stablehlo.multiply %4, %5 : tensor<2x2xf32>
    %7 = stablehlo.sine %6 : tensor<2x2xf32>
    %8 = stablehlo.dot_general %7, %7, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %9 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<2x2xf32>
    %10 = stablehlo.multiply %8, %9 : tensor<2x2xf32>
    %11 = stablehlo.sine %10 : tensor<2x2xf32>
    %12 = stablehlo.reduce_precision %0, format = e8m23 : tensor<2x2xf32>
    %13 = stablehlo.reduce_precision %4, format = e8m23 : tensor<2x2xf32>
    %14 = stablehlo.reduce_precision %8, format = e8m23 : tensor<2x2xf32>
    return %11, %12, %13, %14 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
  }
}

