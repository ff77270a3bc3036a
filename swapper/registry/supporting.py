"""The systems that help: they tell people apart, find landmarks and occluders, restore faces, draw new ones."""

from swapper.registry.records import NetworkInfo, RestorerInfo, System, TrainerInfo

_INPUTS = "swapper.models.inputs:"
_OWN_SIZE, _FACES_112 = f"{_INPUTS}own_size", f"{_INPUTS}faces_112"
_IRESNET = "swapper.models.arcface:IResNet"


def _published(name: str, label: str) -> System:
    """A face restorer of ``restore.onnx_records``."""
    return System(
        name, restorer=RestorerInfo("swapper.restore.onnx_hub:OnnxRestorer", label, weights=(name,), member=name)
    )


SUPPORTING: tuple[System, ...] = (
    System(
        "arcface",
        networks=(
            NetworkInfo(
                "arcface-mobile",
                "swapper.models.arcface:MobileFaceNet",
                _FACES_112,
                {"lite": "lite"},
                source="a variant with 512-d embedding and more residual blocks than the paper's; no figure of its own",
                weights="arcface-mobile",
                space="arcface",
            ),
            NetworkInfo(
                "arcface-iresnet18",
                _IRESNET,
                _FACES_112,
                {"paper": "iresnet18"},
                params=24_025_600,
                macs=2.610e9,
                source="arcface_torch",
            ),
            NetworkInfo(
                "arcface-iresnet50",
                _IRESNET,
                _FACES_112,
                {"paper": "iresnet50"},
                params=43_590_848,
                macs=6.309e9,
                source="arcface_torch",
            ),
            NetworkInfo(
                "arcface-iresnet100",
                _IRESNET,
                _FACES_112,
                params=65_156_160,
                macs=12.090e9,
                source="GHOST's code",
            ),
            NetworkInfo(
                "arcface-irse",
                "swapper.models.arcface:IRSE",
                _FACES_112,
                params=52_193_215,
                macs=7.481e9,
                source="52.2 M / 7.52 G (MobileFaceSwap)",
            ),
        ),
        trainers=(TrainerInfo("embedder", "trainers.embedder:EmbedderTrainer"),),
        converters={
            "arcface": "swapper.convert.arcface:ARCFACE",
            "arcface-se": "swapper.convert.arcface:ARCFACE_SE",
        },
    ),
    System(
        "geometry",
        networks=(
            NetworkInfo(
                "geometry",
                "swapper.models.landmarks:LandmarkNetwork",
                _OWN_SIZE,
                {"lite": "lite"},
                source="the project's own; no paper",
                weights="geometry-lite",
            ),
        ),
        trainers=(TrainerInfo("geometry", "trainers.geometry:GeometryTrainer"),),
    ),
    System(
        "occlusion",
        networks=(
            NetworkInfo(
                "occlusion",
                "swapper.models.occlusion:OcclusionNetwork",
                _OWN_SIZE,
                {"lite": "lite"},
                source="the project's own; no paper",
                weights="occlusion-lite",
            ),
        ),
        trainers=(TrainerInfo("occlusion", "trainers.occlusion:OcclusionTrainer"),),
    ),
    System(
        "renovation",
        restorer=RestorerInfo(
            "swapper.restore.renovation:RenovationRestorer",
            "Face renovation",
            weights=("renovation", "renovation-lite"),
        ),
        networks=(
            NetworkInfo(
                "renovation",
                "swapper.models.renovation:RenovationGenerator",
                _OWN_SIZE,
                params=72_223_660,
                macs=91.593e9,
                source="GHOST's code; 39,657 of the parameters have no effect there and are left out here",
                weights="renovation-lite",
            ),
        ),
        trainers=(TrainerInfo("renovation", "trainers.renovation:RenovationTrainer"),),
        converters={"renovation": "swapper.convert.renovation:RENOVATION"},
    ),
    System(
        "gfpgan",
        restorer=RestorerInfo("swapper.restore.gfpgan:GFPGANRestorer", "GFPGAN", weights=("gfpgan", "gfpgan_1.4")),
        networks=(
            NetworkInfo(
                "gfpgan",
                "swapper.models.gfpgan:GFPGANv1Clean",
                _OWN_SIZE,
                params=86_444_252,
                macs=197.8e9,
                source="official code, GFPGANv1Clean, channel multiplier 2",
            ),
        ),
        converters={"gfpgan": "swapper.convert.gfpgan:GFPGAN"},
    ),
    _published("gpen_bfr_256", "GPEN, 256 px"),
    _published("gpen_bfr_512", "GPEN, 512 px"),
    _published("gpen_bfr_1024", "GPEN, 1024 px"),
    _published("codeformer", "CodeFormer"),
    _published("restoreformer_plus_plus", "RestoreFormer++"),
    System(
        "stylegan2",
        networks=(
            NetworkInfo(
                "stylegan2",
                "swapper.models.stylegan2:StyleGAN2Generator",
                f"{_INPUTS}style",
                params=30_370_060,
                macs=74.26e9,
                source="config F at 1024 px, channel multiplier 2 (rosinality's code)",
                weights="stylegan2-lite",
            ),
            NetworkInfo(
                "stylegan2-discriminator",
                "swapper.models.discriminators:StyleGAN2Discriminator",
                _OWN_SIZE,
                params=28_864_129,
                macs=46.5e9,
                source="256 px, channel multiplier 2 (rosinality's code)",
            ),
        ),
        trainers=(TrainerInfo("stylegan2", "trainers.stylegan2:StyleGAN2Trainer"),),
        converters={
            "stylegan2": "swapper.convert.stylegan2:STYLEGAN2",
            "stylegan2-discriminator": "swapper.convert.stylegan2:STYLEGAN2_DISCRIMINATOR",
        },
    ),
)
