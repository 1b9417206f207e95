"builtin.module"() <{sym_name = "jit_ne"}> ({
  "func.func"() <{arg_attrs = [{}, {}], function_type = (tensor<3xui4>, tensor<3xui4>) -> tensor<3xi1>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg0: tensor<3xui4>, %arg1: tensor<3xui4>):
    %0 = "stablehlo.compare"(%arg0, %arg1) <{compare_type = #stablehlo<comparison_type UNSIGNED>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<3xui4>, tensor<3xui4>) -> tensor<3xi1>
    "func.return"(%0) : (tensor<3xi1>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

