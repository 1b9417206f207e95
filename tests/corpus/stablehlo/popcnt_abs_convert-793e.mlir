"builtin.module"() <{sym_name = "jit_bitwise_count"}> ({
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<i8>) -> tensor<ui8>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg0: tensor<i8>):
    %0 = "stablehlo.abs"(%arg0) : (tensor<i8>) -> tensor<i8>
    %1 = "stablehlo.popcnt"(%0) : (tensor<i8>) -> tensor<i8>
    %2 = "stablehlo.convert"(%1) : (tensor<i8>) -> tensor<ui8>
    "func.return"(%2) : (tensor<ui8>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

