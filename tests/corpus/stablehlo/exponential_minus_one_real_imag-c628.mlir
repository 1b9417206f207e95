"builtin.module"() <{sym_name = "jit_sin"}> ({
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<2x3x4xcomplex<f32>>) -> tensor<2x3x4xcomplex<f32>>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg0: tensor<2x3x4xcomplex<f32>>):
    %0 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %1 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %2 = "stablehlo.real"(%arg0) : (tensor<2x3x4xcomplex<f32>>) -> tensor<2x3x4xf32>
    %3 = "stablehlo.imag"(%arg0) : (tensor<2x3x4xcomplex<f32>>) -> tensor<2x3x4xf32>
    %4 = "stablehlo.broadcast_in_dim"(%1) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x3x4xf32>
    %5 = "stablehlo.compare"(%2, %4) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xi1>
    %6 = "stablehlo.sine"(%2) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %7 = "stablehlo.cosine"(%2) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %8 = "stablehlo.exponential_minus_one"(%3) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %9 = "stablehlo.negate"(%3) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %10 = "stablehlo.exponential_minus_one"(%9) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %11 = "stablehlo.subtract"(%8, %10) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %12 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x3x4xf32>
    %13 = "stablehlo.divide"(%11, %12) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %14 = "stablehlo.add"(%8, %10) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %15 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x3x4xf32>
    %16 = "stablehlo.add"(%14, %15) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %17 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x3x4xf32>
    %18 = "stablehlo.divide"(%16, %17) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %19 = "stablehlo.multiply"(%6, %18) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %20 = "stablehlo.multiply"(%7, %13) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %21 = "stablehlo.broadcast_in_dim"(%1) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x3x4xf32>
    %22 = "stablehlo.complex"(%21, %20) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xcomplex<f32>>
    %23 = "stablehlo.complex"(%19, %20) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xcomplex<f32>>
    %24 = "stablehlo.select"(%5, %22, %23) : (tensor<2x3x4xi1>, tensor<2x3x4xcomplex<f32>>, tensor<2x3x4xcomplex<f32>>) -> tensor<2x3x4xcomplex<f32>>
    "func.return"(%24) : (tensor<2x3x4xcomplex<f32>>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

