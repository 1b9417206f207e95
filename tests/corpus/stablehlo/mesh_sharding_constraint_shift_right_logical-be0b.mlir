"builtin.module"() <{sym_name = "jit_key"}> ({
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<ui32>) -> tensor<2xui32>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg0: tensor<ui32>):
    %0 = "stablehlo.constant"() <{value = dense<4294967295> : tensor<ui32>}> : () -> tensor<ui32>
    %1 = "stablehlo.constant"() <{value = dense<32> : tensor<ui32>}> : () -> tensor<ui32>
    %2 = "stablehlo.shift_right_logical"(%arg0, %1) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    %3 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64>}> : (tensor<ui32>) -> tensor<1xui32>
    %4 = "stablehlo.and"(%arg0, %0) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    %5 = "stablehlo.broadcast_in_dim"(%4) <{broadcast_dimensions = array<i64>}> : (tensor<ui32>) -> tensor<1xui32>
    %6 = "stablehlo.concatenate"(%3, %5) <{dimension = 0 : i64}> : (tensor<1xui32>, tensor<1xui32>) -> tensor<2xui32>
    %7 = "stablehlo.custom_call"(%6) <{call_target_name = "Sharding"}> {mhlo.frontend_attributes = {xla.sdy.sharding = "#sdy.sharding_per_value<[<@empty_mesh, [{}]>]>"}, mhlo.sharding = "{replicated}"} : (tensor<2xui32>) -> tensor<2xui32>
    "func.return"(%7) : (tensor<2xui32>) -> ()
  }) : () -> ()
}) {mhlo.frontend_attributes = {xla.sdy.meshes = "{empty_mesh = #sdy.mesh<[]>}"}, mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

