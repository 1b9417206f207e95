"builtin.module"() <{sym_name = "jit_signbit"}> ({
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<bf16>) -> tensor<i1>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg0: tensor<bf16>):
    %0 = "stablehlo.constant"() <{value = dense<0> : tensor<i16>}> : () -> tensor<i16>
    %1 = "stablehlo.constant"() <{value = dense<15> : tensor<i16>}> : () -> tensor<i16>
    %2 = "stablehlo.bitcast_convert"(%arg0) : (tensor<bf16>) -> tensor<i16>
    %3 = "stablehlo.shift_right_arithmetic"(%2, %1) : (tensor<i16>, tensor<i16>) -> tensor<i16>
    %4 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64>}> : (tensor<i16>) -> tensor<i16>
    %5 = "stablehlo.compare"(%3, %4) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<i16>, tensor<i16>) -> tensor<i1>
    %6 = "stablehlo.convert"(%5) : (tensor<i1>) -> tensor<i1>
    "func.return"(%6) : (tensor<i1>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

