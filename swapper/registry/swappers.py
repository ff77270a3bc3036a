"""The systems that swap faces, the recommended first; ``docs/architecture.md`` says how to add one."""

from swapper.registry.records import MethodInfo, NetworkInfo, System, TrainerInfo

_INPUTS = "swapper.models.inputs:"
_OWN_SIZE, _AND_IDENTITY = f"{_INPUTS}own_size", f"{_INPUTS}own_size_and_identity"
_FACES_224, _FACES_256 = f"{_INPUTS}faces_224", f"{_INPUTS}faces_256"
_AEINET, _SIMSWAP = "swapper.models.ghost:AEINet", "swapper.models.simswap:SimSwapGenerator"

SWAPPERS: tuple[System, ...] = (
    System(
        "ghost",
        MethodInfo(
            "swapper.methods.ghost:GhostMethod",
            "GHOST (attributes at every scale)",
            "Blends target attributes and source identity per pixel; closest likeness.",
            number=3,
            weights=("ghost-lite", "arcface-mobile"),
            space="arcface",
        ),
        networks=(
            NetworkInfo(
                "ghost",
                _AEINET,
                _AND_IDENTITY,
                params=184_343_381,
                macs=31.018e9,
                source="official code, U-Net encoder, two AAD layers",
                weights="ghost-lite",
            ),
            NetworkInfo(
                "ghost-linknet",
                _AEINET,
                _AND_IDENTITY,
                {"paper": "paper_linknet"},
                params=164_776_789,
                macs=27.730e9,
                source="official code, LinkNet encoder, two AAD layers",
            ),
            NetworkInfo(
                "ghost-resnet",
                _AEINET,
                _AND_IDENTITY,
                {"paper": "paper_resnet"},
                params=136_060_821,
                macs=33.608e9,
                source="official code, ResNet encoder, two AAD layers",
            ),
            NetworkInfo(
                "ghost-discriminator",
                "swapper.models.discriminators:MultiscaleDiscriminator",
                _FACES_256,
                params=33_463_107,
                macs=3.517e9,
                source="official code, three scales",
            ),
            NetworkInfo(
                "ghost-eyes",
                "swapper.models.awl:FaceAlignmentNetwork",
                _OWN_SIZE,
                params=24_153_036,
                macs=26.710e9,
                source="Adaptive Wing Loss's code, four hourglasses",
            ),
        ),
        trainers=(TrainerInfo("ghost", "trainers.ghost:GhostTrainer"),),
        converters={
            "ghost": "swapper.convert.ghost:GHOST",
            "ghost-discriminator": "swapper.convert.ghost:GHOST_DISCRIMINATOR",
            "ghost-eyes": "swapper.convert.ghost:GHOST_EYES",
        },
    ),
    System(
        "mobilefaceswap",
        MethodInfo(
            "swapper.methods.mobilefaceswap:MobileFaceSwapMethod",
            "MobileFaceSwap (real time)",
            "Generates a small network for each person, which swaps in milliseconds; made for video and live use.",
            number=2,
            weights=("mobilefaceswap-lite", "arcface-mobile"),
            threaded=True,
            quick=True,
            space="arcface",
        ),
        networks=(
            NetworkInfo(
                "mobilefaceswap-idn",
                "swapper.models.idn:IdentityAwareDynamicNetwork",
                _OWN_SIZE,
                params=499_825,
                macs=0.3057e9,
                source="0.495 M (convolution weights alone) / 0.333 G (with element-wise operations) (MobileFaceSwap)",
            ),
            NetworkInfo(
                "mobilefaceswap-iin",
                "swapper.models.mobilefaceswap:IdentityInjectionNetwork",
                f"{_INPUTS}person",
                params=20_614_912,
                macs=0.220e9,
                source="20.6 M / 0.22 G (MobileFaceSwap, image less video less identity network)",
            ),
            NetworkInfo(
                "mobilefaceswap",
                "swapper.models.mobilefaceswap:MobileFaceSwap",
                f"{_INPUTS}person_and_faces",
                params=20_699_710,
                macs=0.5257e9,
                source="the official checkpoint and code",
                weights="mobilefaceswap-lite",
            ),
            NetworkInfo(
                "mobilefaceswap-quality",
                "swapper.models.quality:QualityNetwork",
                _FACES_224,
                params=11_177_025,
                macs=1.814e9,
                source="ResNet-18 with one output",
                weights="quality-lite",
            ),
            NetworkInfo(
                "patch-discriminator",
                "swapper.models.discriminators:PatchDiscriminator",
                _FACES_256,
                params=2_764_737,
                source="CycleGAN's code, 70 px patches (without its InstanceNorm)",
            ),
        ),
        trainers=(
            TrainerInfo("mobilefaceswap", "trainers.mobilefaceswap:MobileFaceSwapTrainer"),
            TrainerInfo("quality", "trainers.quality:QualityTrainer"),
            TrainerInfo("distill", "trainers.distill:DistillationTrainer"),
        ),
        converters={"mobilefaceswap": "swapper.convert.mobilefaceswap:MOBILEFACESWAP"},
    ),
    System(
        "smoothswap",
        MethodInfo(
            "swapper.methods.smoothswap:SmoothSwapMethod",
            "Smooth-Swap (face shape too)",
            "Redraws the whole crop from a smooth identity embedding; changes the face shape and interpolates "
            "smoothly.",
            number=4,
            weights=("smoothswap-lite", "smooth-embedder-lite"),
            space="smooth",
        ),
        networks=(
            NetworkInfo(
                "smoothswap-embedder",
                "swapper.models.smoothswap:SmoothIdentityEmbedder",
                _OWN_SIZE,
                params=26_134_080,
                macs=4.09e9,
                source="ResNet-50 and a two-layer head; no official code",
                weights="smooth-embedder-lite",
                space="smooth",
            ),
            NetworkInfo(
                "smoothswap",
                "swapper.models.smoothswap:NCSNppGenerator",
                f"{_INPUTS}faces_and_embedding",
                {"paper": "paper", "small": "small", "lite": "lite"},
                params=65_180_181,
                macs=265.9e9,
                source="NCSN++ FFHQ-256 (score_sde's code), 65,574,549 less its time embedding; "
                "Smooth-Swap's widths are unpublished",
                weights="smoothswap-lite",
            ),
        ),
        trainers=(
            TrainerInfo("embedder", "trainers.smooth_embedder:SmoothEmbedderTrainer", mode="smooth"),
            TrainerInfo("smoothswap", "trainers.smoothswap:SmoothSwapTrainer"),
        ),
        converters={"smoothswap": "swapper.convert.smoothswap:SMOOTHSWAP"},
    ),
    System(
        "simswap",
        MethodInfo(
            "swapper.methods.simswap:SimSwapMethod",
            "SimSwap (attributes kept)",
            "Injects the source's identity into the target's features; closely keeps expression, gaze and light.",
            number=5,
            weights=("simswap-lite", "arcface-mobile"),
            space="arcface",
        ),
        networks=(
            NetworkInfo(
                "simswap",
                _SIMSWAP,
                _AND_IDENTITY,
                params=55_051_779,
                macs=48.121e9,
                source="the official checkpoint and code",
                weights="simswap-lite",
            ),
            NetworkInfo(
                "simswap-512",
                _SIMSWAP,
                _AND_IDENTITY,
                {"paper": "paper_512"},
                params=55_079_427,
                macs=70.12e9,
                source="official code, the released 512 px network",
            ),
            NetworkInfo(
                "simswap-deep",
                _SIMSWAP,
                _AND_IDENTITY,
                {"paper": "paper_deep"},
                params=59_773_443,
                macs=132.99e9,
                source="official code, the newer training script's 512 px network",
            ),
            NetworkInfo(
                "simswap-discriminator",
                "swapper.models.simswap:SimSwapDiscriminator",
                _FACES_224,
                params=13_924_738,
                source="two of 6,962,369 (official code)",
            ),
            NetworkInfo(
                "projected-discriminator",
                "swapper.models.projected_discriminator:ProjectedDiscriminator",
                _FACES_224,
                source="official code, whose figures nobody published; "
                "2,958,848 of the parameters are EfficientNet-Lite0's",
            ),
        ),
        trainers=(TrainerInfo("simswap", "trainers.simswap:SimSwapTrainer"),),
        converters={
            "simswap": "swapper.convert.simswap:SIMSWAP",
            "simswap-fix": "swapper.convert.simswap:SIMSWAP_FIX",
        },
    ),
    System(
        "rafswap",
        MethodInfo(
            "swapper.methods.rafswap:RAFSwapMethod",
            "RAFSwap (region by region)",
            "Transfers lips, nose, brows and eyes one by one, draws with StyleGAN2 and predicts the face mask itself.",
            number=6,
            weights=("rafswap-lite", "arcface-mobile"),
            space="own",
        ),
        networks=(
            NetworkInfo(
                "rafswap",
                "swapper.models.rafswap:RAFSwap",
                f"{_INPUTS}faces_and_regions",
                params=305_325_133,
                macs=217.09e9,
                source="official code, transformer depth 1",
                weights="rafswap-lite",
            ),
        ),
        trainers=(TrainerInfo("rafswap", "trainers.rafswap:RAFSwapTrainer"),),
        converters={"rafswap": "swapper.convert.rafswap:RAFSWAP"},
    ),
    System(
        "warp",
        MethodInfo(
            "swapper.methods.warp:WarpMethod",
            "Warp (no learning)",
            "Warps the source's face onto the target's landmarks; the baseline that learned methods have to beat.",
            number=1,
        ),
    ),
    System(
        "onnx",
        MethodInfo(
            "swapper.methods.onnx_hub:OnnxHubMethod",
            "Published swappers",
            "A third-party swapper, run from its ONNX file.",
            number=7,
            members="swapper.methods.onnx_records:RECORDS",
            leading=("hyperswap_1a_256",),
        ),
    ),
)
