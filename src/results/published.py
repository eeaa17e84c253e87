"""Numbers that others published for circuit discovery, on graphs of their own: context, not a contest."""

PUBLISHED = {  # Conmy et al. 2023, appendix: edge AUROC of ACDC, tracr programs, zero and random activations
    ("tracr proportion", "zero"): "1.000", ("tracr proportion", "resample"): "0.600",
    ("tracr reverse", "zero"): "1.000", ("tracr reverse", "resample"): "0.200",
}  # fmt: skip
# From the same table there: edge AUROC of subnetwork probing (SP) and head importance (HISP), random activations. Other methods than ours.
PUBLISHED_OTHERS = {"SP": {"tracr proportion": 0.400, "tracr reverse": 0.416}, "HISP": {"tracr proportion": 0.679, "tracr reverse": 0.656}}
# Mueller et al. 2025, shared task: GPT-2 on IOI; by method where the table has it, and the best of all.
PUBLISHED_CPR, BEST_CPR, BEST_CMD = {"eap": 1.20, "eap-ig": 1.85}, 2.43, 0.02
