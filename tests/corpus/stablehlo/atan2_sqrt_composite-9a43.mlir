"builtin.module"() <{sym_name = "jit_asin"}> ({
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<2x3x4xui16>) -> tensor<2x3x4xf32>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg1: tensor<2x3x4xui16>):
    %8 = "stablehlo.convert"(%arg1) : (tensor<2x3x4xui16>) -> tensor<2x3x4xf32>
    %9 = "stablehlo.composite"(%8) <{decomposition = @chlo.asin.impl, name = "chlo.asin", version = 1 : i32}> : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    "func.return"(%9) : (tensor<2x3x4xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>, sym_name = "chlo.asin.impl", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<2x3x4xf32>):
    %0 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<2x3x4xf32>}> : () -> tensor<2x3x4xf32>
    %1 = "stablehlo.subtract"(%0, %arg0) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %2 = "stablehlo.add"(%0, %arg0) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %3 = "stablehlo.multiply"(%1, %2) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %4 = "stablehlo.sqrt"(%3) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %5 = "stablehlo.add"(%0, %4) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %6 = "stablehlo.atan2"(%arg0, %5) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %7 = "stablehlo.add"(%6, %6) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    "func.return"(%7) : (tensor<2x3x4xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

