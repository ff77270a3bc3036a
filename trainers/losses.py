"""The papers' losses, one pure function per formula; weights belong to the trainers' configs.

Images are RGB in [0, 1] with shape (b, 3, s, s); embeddings are (b, d) and need not be normalised; discriminator
outputs are lists of maps of any shape.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """The loss of terms that have a weight each."""
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum()


def identity_loss(source: Float[Tensor, "b d"], result: Float[Tensor, "b d"], enough: float = 1.0) -> Tensor:
    """One minus the cosine of the embeddings of source and result, or how much the cosine falls short of ``enough``.

    Two photos of one person have a cosine of about 0.65; a network that is asked for more draws caricatures.

    Args:
        source: embeddings of the sources.
        result: embeddings of the results.
        enough: cosine from which on nothing more is asked for.

    Source: GHOST, section 3.2; MobileFaceSwap, L_id; Smooth-Swap, L_id; SimSwap, eq. 5; RAFSwap, L_id; the end of the
        asking is ours.
    """
    return F.relu(enough - F.cosine_similarity(source.float(), result.float())).mean()


def residual_identity_loss(
    source: Float[Tensor, "b d"], target: Float[Tensor, "b d"], result: Float[Tensor, "b d"]
) -> Tensor:
    """How much more the result is like the target than the source is: cosines' difference where positive.

    ``identity_loss`` alone lets a result be like both. Zero for pairs of one person. Source: ours.
    """
    likeness = F.cosine_similarity(result.float(), target.float()) - F.cosine_similarity(source.float(), target.float())
    return F.relu(likeness).mean()


def reconstruction_loss(
    result: Float[Tensor, "b 3 s s"],
    target: Float[Tensor, "b 3 s s"],
    same: Float[Tensor, "b"],
    attention: Float[Tensor, "b 1 s s"] | None = None,
) -> Tensor:
    """Mean absolute difference where source and target show the same person, nothing elsewhere.

    Args:
        result: swapped faces.
        target: target faces.
        same: 1 where the pair shares its identity, else 0.
        attention: how much more than once each pixel counts; nowhere when None.

    Source: SimSwap, eq. 6 (L1); GHOST halves the square instead, which blurs small networks' results.
    """
    difference = (result - target).float().abs()
    if attention is not None:
        difference = difference * (1 + attention)
    per_image = difference.mean((1, 2, 3))
    return (per_image * same).sum() / same.sum().clamp(min=1)


def attribute_loss(target: Sequence[Tensor], result: Sequence[Tensor]) -> Tensor:
    """Half the summed mean squared difference of the attribute maps z_att of target and result.

    Source: GHOST, L_att (FaceShifter, eq. 7).
    """
    terms = []
    for goal, got in zip(target, result, strict=True):
        length = torch.linalg.vector_norm(got - goal, dtype=torch.float32)  # four times faster than F.mse_loss in bf16
        terms.append(length.square() / goal.numel())
    return 0.5 * torch.stack(terms).sum()


def eye_loss(target: Float[Tensor, "b n h w"], result: Float[Tensor, "b n h w"]) -> Tensor:
    """Squared difference of the pupils' heatmaps, averaged per map and summed over the maps.

    Source: GHOST, section 3.2, L_eye.
    """
    return (result.float() - target.float()).square().mean((0, 2, 3)).sum()


def landmark_loss(target: Float[Tensor, "b n 2"], result: Float[Tensor, "b n 2"], scale: Float[Tensor, "b"]) -> Tensor:
    """Mean distance of landmarks after removing their common shift, in units of ``scale`` (inter-ocular distance).

    Expression and gaze must stay; a common shift would only repeat the alignment.
    """
    difference = (result - result.mean(1, keepdim=True)) - (target - target.mean(1, keepdim=True))
    return (difference.norm(dim=2).mean(1) / scale).mean()


def identity_change_loss(result: Float[Tensor, "b 3 s s"], target: Float[Tensor, "b 3 s s"]) -> Tensor:
    """Mean squared difference of result and target pixels.

    Source: Smooth-Swap, L_chg.
    """
    return F.mse_loss(result.float(), target.float())


def feature_matching_loss(target: Sequence[Tensor], result: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of discriminator features; give the deep layers only for the weak form.

    Source: SimSwap, eq. 9 (weak feature matching).
    """
    terms = [F.l1_loss(r.float(), t.float().detach()) for t, r in zip(target, result, strict=True)]
    return torch.stack(terms).mean()


def color_loss(result: Float[Tensor, "b 3 s s"], target: Float[Tensor, "b 3 s s"], cells: int = 16) -> Tensor:
    """Mean absolute difference of coarse colours: light and skin tone of the target stay."""
    return F.l1_loss(F.adaptive_avg_pool2d(result.float(), cells), F.adaptive_avg_pool2d(target.float(), cells))


def hinge_generator_loss(fake: Sequence[Tensor]) -> Tensor:
    """Sum over scales of -D(result).

    Source: SimSwap, L_adv (hinge GAN).
    """
    return torch.stack([-score.float().mean() for score in fake]).sum()


def ghost_generator_loss(fake: Sequence[Tensor]) -> Tensor:
    """Sum over scales of relu(1 - D(result)).

    Source: GHOST's code, L_adv, which clips the generator's side too.
    """
    return torch.stack([F.relu(1 - score.float()).mean() for score in fake]).sum()


def hinge_discriminator_loss(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Half of relu(1 + D(result)) + relu(1 - D(real)), summed over scales.

    Source: GHOST's code; SimSwap, L_D.
    """
    terms = [F.relu(1 + f.float()).mean() + F.relu(1 - r.float()).mean() for f, r in zip(fake, real, strict=True)]
    return 0.5 * torch.stack(terms).sum()


def logistic_generator_loss(fake: Tensor) -> Tensor:
    """Softplus(-D(result)), non-saturating.

    Source: StyleGAN2; Smooth-Swap, L_adv.
    """
    return F.softplus(-fake.float()).mean()


def logistic_discriminator_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Softplus(D(result)) + softplus(-D(real)).

    Source: StyleGAN2.
    """
    return (F.softplus(fake.float()) + F.softplus(-real.float())).mean()


def style_norm_loss(latents: Float[Tensor, "b n d"], average: Float[Tensor, "d"]) -> Tensor:
    """Mean distance of W+ from the average style, over all rows of a face at once.

    Args:
        latents: w, a row for each layer of the generator.
        average: the average style.

    Source: RAFSwap's code, L_norm, which is pSp's.
    """
    return (latents.float() - average).flatten(1).norm(dim=1).mean()


def gradient_penalty(real: Float[Tensor, "b 3 s s"], scores: Sequence[Tensor]) -> Tensor:
    """R1: mean squared gradient norm of the scores at real images (times one half).

    Args:
        real: images that require a gradient.
        scores: the discriminator's outputs for them.

    Source: Mescheder et al. 2018; StyleGAN2 with weight 10, every 16th step.
    """
    total = torch.stack([score.float().flatten(1).mean(1).sum() for score in scores]).sum()
    (gradient,) = torch.autograd.grad(total, real, create_graph=True)
    return 0.5 * gradient.float().square().sum((1, 2, 3)).mean()


def path_lengths(
    images: Float[Tensor, "b 3 s s"], latents: Float[Tensor, "b l d"], noise: Float[Tensor, "b 3 s s"]
) -> Float[Tensor, "b"]:
    """Length of the gradient of a random projection of each image by its latents, root mean square over the rows.

    Args:
        images: drawn from the latents.
        latents: require a gradient.
        noise: normal.

    Source: StyleGAN2, section 3.2, eq. 4 (the length whose deviation from its running mean is penalised).
    """
    projected = (images.float() * noise).sum() / images.shape[-1]
    (gradient,) = torch.autograd.grad(projected, latents, create_graph=True)
    return gradient.float().square().sum(2).mean(1).sqrt()


def masked_difference(
    result: Float[Tensor, "b c s s"], target: Float[Tensor, "b c s s"], where: Float[Tensor, "b 1 s s"]
) -> Tensor:
    """Mean absolute difference over the pixels of a mask.

    Args:
        result: any maps.
        target: what they should be.
        where: weight of each pixel, 0 to 1.

    Source: MobileFaceSwap, L_mask (weakly supervised), with the background as ``where`` and zero as ``target``.
    """
    difference = (result.float() - target.float()).abs().mean(1, keepdim=True)
    return (difference * where).sum() / where.sum().clamp(min=1)


def distillation_loss(
    teacher: Float[Tensor, "b 3 s s"], student: Float[Tensor, "b 3 s s"], weight: Float[Tensor, "b"]
) -> Tensor:
    """Mean absolute difference of teacher and student results, weighted per sample.

    Source: MobileFaceSwap, L_rec with the reweighting of section 3.3.
    """
    return ((student - teacher).float().abs().mean((1, 2, 3)) * weight).mean()


def perceptual_loss(teacher: Sequence[Tensor], student: Sequence[Tensor], weight: Float[Tensor, "b"]) -> Tensor:
    """Mean squared difference of feature maps, summed over layers and weighted per sample.

    Each layer counts as a share of the teacher's mean square there: our features, unlike VGG's, come from several
    networks of different scales.

    Args:
        teacher: maps (b, ...) of the teacher's results.
        student: the same maps of the student's.
        weight: of each sample.

    Source: MobileFaceSwap, L_per.
    """
    per_image = []
    for goal, got in zip(teacher, student, strict=True):
        goal = goal.detach().float()
        difference = (got.float() - goal).square().flatten(1).mean(1)
        per_image.append(difference / goal.square().mean().clamp(min=1e-6))
    return (torch.stack(per_image).sum(0) * weight).mean()


def teacher_reweighting(
    source: Float[Tensor, "b d"], teacher: Float[Tensor, "b d"], quality: Float[Tensor, "b"]
) -> Float[Tensor, "b"]:
    """Weight alpha = cos(z_id, z'_id)^2 * Q of each teacher result.

    Args:
        source: embeddings of the sources.
        teacher: embeddings of the teacher's results.
        quality: Q-Net's score of the results, 0 to 1.

    Source: MobileFaceSwap, section 3.3.
    """
    return F.cosine_similarity(source.float(), teacher.float()).clamp(min=0).square() * quality.clamp(0, 1)


def supervised_contrastive_loss(
    embeddings: Float[Tensor, "b d"], identity: Int64[Tensor, "b"], temperature: float
) -> Tensor:
    """SupCon over a batch: for each anchor the mean log-probability of its positives.

    Args:
        embeddings: unit length.
        identity: equal numbers are positives of each other; anchors without a positive are left out.
        temperature: tau.

    Source: Khosla et al. 2020, eq. 2; Smooth-Swap, section 3.1.
    """
    others = ~torch.eye(len(identity), dtype=torch.bool, device=embeddings.device)
    logits = (embeddings.float() @ embeddings.float().T / temperature).masked_fill(~others, -torch.inf)
    log_probability = logits - logits.logsumexp(1, keepdim=True)
    positive = (identity[:, None] == identity[None]) & others
    count = positive.sum(1)
    per_anchor = -log_probability.masked_fill(~positive, 0).sum(1) / count.clamp(min=1)
    return per_anchor[count > 0].mean()
