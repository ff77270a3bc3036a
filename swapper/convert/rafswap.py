"""RAFSwap's official checkpoint."""

from swapper.convert.sizes import State, lengths
from swapper.convert.stylegan2 import stylegan2_sizes
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.rafswap import RAFSwap, RAFSwapConfig
from swapper.registry.pipelines import PUBLISHED


def build_rafswap(state: State) -> RAFSwap:
    """RAFSwap as its official code has it; an attention head has 64 channels, which the tensors do not show."""
    width = state["encoder.token.0.fc.0.weight"].shape[0]
    trunk = lengths(state, "encoder.body.{}.res_layer.1.weight")
    trunk_widths = tuple(dict.fromkeys(trunk))
    generator = stylegan2_sizes(state, "decoder.")
    heads = [len(lengths(state, f"encoder.styles.{row}.convs.{{}}.weight", step=2)) for row in range(generator.latents)]
    config = RAFSwapConfig(
        size=16 * 2 ** min(heads),
        trunk_blocks=tuple(trunk.count(channels) for channels in trunk_widths),
        trunk_widths=trunk_widths,
        reduction=trunk_widths[0] // state["encoder.body.0.res_layer.5.fc1.weight"].shape[0],
        width=width,
        depth=len(lengths(state, "encoder.trans.{}.norm1.weight")),
        heads=max(1, width // 64),
        styles=tuple((2 + min(heads) - depth, 1) for depth in heads),
        mask_sizes=tuple(8 * 2**n for n in range(len(lengths(state, "mask.convs.{}.0.weight", step=4)))),
        mask_widths=(state["mask.convs.0.0.weight"].shape[0], state["mask.to_mask.0.0.weight"].shape[0]),
        generator=generator,
    )
    return RAFSwap(config)


RAFSWAP = OfficialCheckpoint(
    build_rafswap,
    (*RAFSwap.OFFICIAL_KEYS, ("latent_avg", "generator.latent_average")),
    RAFSwap.OFFICIAL_IGNORED,
    optional=("generator.latent_average",),
    pipeline=lambda network: PUBLISHED["rafswap"].cut(size=network.config.generator.size),
)
